import { cellOf, describeScanOrder, scanOrders, type ScanOrder } from '../../core/tiles/scan-order.ts';

interface ScanOrderPickerProps {
  readonly value: ScanOrder;
  readonly onChange: (order: ScanOrder) => void;
}

/** The sixteen scan orders as pictures. */
export function ScanOrderPicker({ value, onChange }: ScanOrderPickerProps) {
  return (
    <div className="scan-orders" role="radiogroup" aria-label="Scan order">
      {scanOrders.map((order) => {
        const name = describeScanOrder(order);
        return (
          <label key={name} className="scan-order">
            <input
              type="radio"
              name="scan-order"
              aria-label={name}
              checked={name === describeScanOrder(value)}
              onChange={() => onChange(order)}
            />
            <ScanOrderPicture order={order} />
          </label>
        );
      })}
      <p className="scan-order-name dim small" aria-hidden="true">
        {describeScanOrder(value)}
      </p>
    </div>
  );
}

/** Cells per side of the picture, and the distance of their centres. */
const side = 3;
const pitch = 10;

/** The path of the stage over 3 × 3 cells, from the dot to the arrow; the jumps of a raster are dashed. */
function ScanOrderPicture({ order }: { readonly order: ScanOrder }) {
  const points = Array.from({ length: side * side }, (_, index) => {
    const { row, column } = cellOf(index, side, side, order);
    return { x: pitch * (column + 0.5), y: pitch * (row + 0.5) };
  });
  const lines = Array.from({ length: side }, (_, k) => points.slice(k * side, (k + 1) * side));
  const [start] = points;
  const [beforeLast, last] = points.slice(-2);
  const turn = (Math.atan2(last.y - beforeLast.y, last.x - beforeLast.x) * 180) / Math.PI;
  return (
    <svg viewBox={`0 0 ${side * pitch} ${side * pitch}`} width="34" height="34" aria-hidden="true">
      <polyline className="scan-jump" points={points.map(({ x, y }) => `${x},${y}`).join(' ')} />
      {lines.map((line, k) => (
        <polyline key={k} className="scan-line" points={line.map(({ x, y }) => `${x},${y}`).join(' ')} />
      ))}
      <circle className="scan-start" cx={start.x} cy={start.y} r="2.2" />
      <path
        className="scan-end"
        d="M-2.5,-3 L3,0 L-2.5,3 Z"
        transform={`translate(${last.x},${last.y}) rotate(${turn})`}
      />
    </svg>
  );
}
