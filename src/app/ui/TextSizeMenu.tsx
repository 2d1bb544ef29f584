import { updateSlice } from '../state/store.ts';
import { textSizes } from '../state/text-size.ts';
import { useApp, useAppState } from './app-context.ts';
import { Popover } from './Popover.tsx';
import { Segmented } from './Segmented.tsx';

const options = textSizes.map((size) => ({ value: String(size), label: `${size} %` }));

/** How large letters and controls are; the picture keeps its pixels. */
export function TextSizeMenu() {
  const { store } = useApp();
  const textSize = useAppState(({ view }) => view.textSize);
  return (
    <Popover label={`Text ${textSize} %`} name="Text size" testId="text-size-menu" isBare>
      <p>Text size</p>
      <Segmented
        label="Text size"
        value={String(textSize)}
        options={options}
        onChange={(value) => {
          const chosen = textSizes.find((size) => String(size) === value);
          if (chosen) updateSlice(store, 'view', (view) => ({ ...view, textSize: chosen }));
        }}
      />
      <p className="dim small">Letters and controls; the mosaic is not scaled. Kept on this machine.</p>
    </Popover>
  );
}
