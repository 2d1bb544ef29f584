import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useRem } from './use-rem.ts';

interface WindowedRowsProps {
  readonly count: number;
  /** Height of every row, px of 1/16 rem. */
  readonly rowHeight: number;
  /** Greatest height of the list, px of 1/16 rem; 0 = fill the parent. */
  readonly maxHeight: number;
  readonly label: string;
  readonly testId?: string;
  readonly renderRow: (index: number) => ReactNode;
}

/** Rows that are drawn outside the visible part on either side. */
const overscan = 8;

/** A long list of equal rows of which only the visible ones exist. */
export function WindowedRows({ count, label, testId, renderRow, ...px }: WindowedRowsProps) {
  const scale = useRem() / 16;
  const rowHeight = px.rowHeight * scale;
  const maxHeight = px.maxHeight * scale;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + overscan);
  return (
    <div
      ref={box}
      className="windowed"
      role="table"
      aria-label={label}
      aria-rowcount={count}
      tabIndex={0}
      data-testid={testId}
      style={maxHeight > 0 ? { maxHeight } : { height: '100%' }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div role="rowgroup" className="windowed-content" style={{ height: count * rowHeight }}>
        {Array.from({ length: Math.max(0, last - first) }, (_, k) => (
          <div
            key={first + k}
            role="row"
            aria-rowindex={first + k + 1}
            className="windowed-row"
            style={{ height: rowHeight, transform: `translateY(${(first + k) * rowHeight}px)` }}
          >
            {renderRow(first + k)}
          </div>
        ))}
      </div>
    </div>
  );
}
