import { WebSocket } from 'ws';

interface Reply {
  readonly type: 'success' | 'error' | 'event';
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly method?: string;
  readonly params?: unknown;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A WebDriver BiDi connection: commands are answered, events are told.
 * @see https://w3c.github.io/webdriver-bidi/
 */
export class BidiConnection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onEvent: (method: string, params: unknown) => void;
  #lastId = 0;

  private constructor(socket: WebSocket, onEvent: (method: string, params: unknown) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    socket.on('message', (text: Buffer) => this.#take(JSON.parse(text.toString('utf8')) as Reply));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser has closed the connection'));
      this.#waiting.clear();
    });
  }

  static open(address: string, onEvent: (method: string, params: unknown) => void): Promise<BidiConnection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address, { maxPayload: 256 * 2 ** 20, perMessageDeflate: false });
      socket.once('open', () => resolve(new BidiConnection(socket, onEvent)));
      socket.once('error', reject);
    });
  }

  /** @throws Error with what the browser says is wrong. */
  send<T>(method: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }

  #take({ type, id, result, error, message, method, params }: Reply): void {
    if (type === 'event') {
      this.#onEvent(method ?? '', params);
      return;
    }
    const waiting = this.#waiting.get(id ?? -1);
    this.#waiting.delete(id ?? -1);
    if (type === 'error') waiting?.reject(new Error(`${error}: ${message}`));
    else waiting?.resolve(result);
  }
}
