import type { ByteSource, ImageFile } from '../image-file.ts';
import { parseTescanHeader } from './vendor-metadata.ts';

/** Headers are a few kilobytes; anything larger is something else. */
const maxHeaderBytes = 2 ** 20;

/**
 * TESCAN headers of a drop by the path of the image that they stand beside: `tile.hdr` or `tile-tif.hdr` beside
 * `tile.tif`. A `.hdr` without an image is not in the answer.
 */
export function sideHeaders(sources: readonly ByteSource[]): ReadonlyMap<string, ByteSource> {
  const headers = new Map(
    sources
      .filter(({ name }) => /\.hdr$/i.test(name))
      .map((source) => [source.name.toLowerCase().slice(0, -4), source]),
  );
  const found = new Map<string, ByteSource>();
  for (const { name } of headers.size === 0 ? [] : sources) {
    const path = name.toLowerCase();
    const dot = path.lastIndexOf('.');
    if (dot < 0 || path.endsWith('.hdr')) continue;
    const header = headers.get(path.slice(0, dot)) ?? headers.get(`${path.slice(0, dot)}-${path.slice(dot + 1)}`);
    if (header !== undefined) found.set(name, header);
  }
  return found;
}

/**
 * The image with the pixel size and stage position of its side header, where the image does not state them itself.
 * @throws StitchError `unreadable-file`
 */
export async function withSideHeader(image: ImageFile, header: ByteSource): Promise<ImageFile> {
  if (header.size > maxHeaderBytes) return image;
  const text = new TextDecoder('windows-1252').decode(await header.read(0, header.size));
  const pages = image.pages.map((page) => {
    const { pixelSizeNm, stagePx } = parseTescanHeader(text, page.size);
    return { ...page, pixelSizeNm: page.pixelSizeNm ?? pixelSizeNm, stagePx: page.stagePx ?? stagePx };
  });
  return { ...image, pages };
}
