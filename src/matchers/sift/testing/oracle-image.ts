import type { Raster } from '../../../core/raster/raster.ts';
import { defaultTexture, emTexture, renderTexture } from '../../../core/synthesis/texture.ts';

/** The procedural micrograph that OpenCV's keypoints in opencv-keypoints.json were found in: 8 bits, 320×240. */
export function renderOracleImage(): Raster<Uint8Array> {
  const { data, width, height } = renderTexture(emTexture({ ...defaultTexture, seed: 77 }), {
    x: 0,
    y: 0,
    width: 320,
    height: 240,
  });
  const grey = Uint8Array.from(data, (value) => Math.max(0, Math.min(255, Math.round(value))));
  return { data: grey, width, height };
}
