import { useEffect, useRef, type ReactNode } from 'react';

interface PopoverProps {
  readonly label: ReactNode;
  readonly testId?: string;
  readonly onOpen?: () => void;
  readonly onClose?: () => void;
  readonly children: ReactNode;
}

/** A button with a panel below it; a click elsewhere and Escape close it. */
export function Popover({ label, testId, onOpen, onClose, children }: PopoverProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const closeOutside = (event: PointerEvent) => {
      const element = details.current;
      if (element && !(event.target instanceof Node && element.contains(event.target))) element.open = false;
    };
    window.addEventListener('pointerdown', closeOutside);
    return () => window.removeEventListener('pointerdown', closeOutside);
  }, []);
  return (
    <details
      ref={details}
      className="popover"
      data-testid={testId}
      onToggle={(event) => (event.currentTarget.open ? onOpen?.() : onClose?.())}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return;
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector('summary')?.focus();
      }}
    >
      <summary>{label}</summary>
      <div className="popover-body">{children}</div>
    </details>
  );
}
