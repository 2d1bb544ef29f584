import { Content, Provider, Root, Trigger } from '@radix-ui/react-tooltip';
import { useEffect, useRef, useState, type FocusEvent, type ReactElement, type ReactNode } from 'react';

/** The pointer rests so long before a tip is shown, ms; the next one beside it comes at once. */
const REST_MS = 500;

/** A finger that rests so long asks for the tip … */
const HOLD_MS = 500;
/** … which stays so long after it has gone, ms. */
const READ_MS = 2500;

/** What tips share: the time, and that one follows the other without waiting. */
export function TipProvider({ children }: { readonly children: ReactNode }) {
  return <Provider delayDuration={REST_MS}>{children}</Provider>;
}

/** A dialog that closes gives the focus back to its button: that is no question for what the button does. */
function keepForKeys(event: FocusEvent): void {
  if (!event.target.matches(':focus-visible')) event.preventDefault();
}

interface TipProps {
  readonly text: string;
  /** Keys that do the same, as they are written on them. */
  readonly keys?: string;
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  /** One button; it keeps its own `aria-label`. */
  readonly children: ReactElement;
}

/**
 * What a button does and which key does the same: under a resting pointer and, unlike `title`, on focus and under a
 * finger that rests.
 */
export function Tip({ text, keys, side = 'bottom', children }: TipProps) {
  const [isOpen, setIsOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const later = (open: boolean, ms: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setIsOpen(open), ms);
  };
  const release = () => {
    if (isOpen) later(false, READ_MS);
    else clearTimeout(timer.current);
  };
  return (
    <Root open={isOpen} onOpenChange={setIsOpen} disableHoverableContent>
      <Trigger
        asChild
        onFocus={keepForKeys}
        onTouchStart={() => later(true, HOLD_MS)}
        onTouchEnd={release}
        onTouchCancel={release}
      >
        {children}
      </Trigger>
      <Content className="tip" side={side} sideOffset={4} collisionPadding={8}>
        {text}
        {keys && <kbd>{keys}</kbd>}
      </Content>
    </Root>
  );
}

interface HintProps {
  readonly text: string | undefined;
  readonly side?: TipProps['side'];
  readonly children: ReactElement;
}

/** What a field is for, beside it: under a resting pointer, and while a control in it has the focus by keys. */
export function Hint({ text, side = 'right', children }: HintProps) {
  return text === undefined ? (
    children
  ) : (
    <Tip text={text} side={side}>
      {children}
    </Tip>
  );
}
