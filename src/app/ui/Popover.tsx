import { Content, Root, Trigger } from '@radix-ui/react-popover';
import { useState, type ReactNode } from 'react';

interface PopoverProps {
  readonly label: ReactNode;
  /** What the panel is called by those who do not see the button. */
  readonly name: string;
  readonly testId?: string;
  /** A button like text, for a line of text. */
  readonly isBare?: boolean;
  readonly onOpenChange?: (isOpen: boolean) => void;
  readonly children: ReactNode;
}

/**
 * A button with a panel beside it, held within the window; the focus goes in, Escape brings it back, a click or Tab
 * elsewhere closes. Without a portal, so that it is seen in full screen; not modal, so that the mosaic can be turned
 * and zoomed meanwhile.
 */
export function Popover({ label, name, testId, isBare = false, onOpenChange, children }: PopoverProps) {
  const [isOpen, setIsOpen] = useState(false);
  const change = (open: boolean) => {
    setIsOpen(open);
    onOpenChange?.(open);
  };
  return (
    <Root open={isOpen} onOpenChange={change}>
      <Trigger type="button" className={isBare ? 'bare' : undefined} data-testid={testId}>
        {label}
      </Trigger>
      <Content className="popover-body" aria-label={name} align="start" sideOffset={4} collisionPadding={8}>
        {children}
      </Content>
    </Root>
  );
}
