import { Content, Provider, Root, Trigger } from '@radix-ui/react-tooltip';
import type { FocusEvent, ReactElement, ReactNode } from 'react';

/** The pointer rests so long before a tip is shown, ms; the next one beside it comes at once. */
const REST_MS = 500;

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

/** What a button does and which key does the same: under a resting pointer and, unlike `title`, on focus. */
export function Tip({ text, keys, side = 'bottom', children }: TipProps) {
  return (
    <Root disableHoverableContent>
      <Trigger asChild onFocus={keepForKeys}>
        {children}
      </Trigger>
      <Content className="tip" side={side} sideOffset={4} collisionPadding={8}>
        {text}
        {keys && <kbd>{keys}</kbd>}
      </Content>
    </Root>
  );
}

/** What a field is for, beside it: under a resting pointer, and while a control in it has the focus by keys. */
export function Hint({ text, children }: { readonly text: string | undefined; readonly children: ReactElement }) {
  return text === undefined ? (
    children
  ) : (
    <Tip text={text} side="right">
      {children}
    </Tip>
  );
}
