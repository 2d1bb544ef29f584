/**
 * Long calls over comlink. comlink has no AbortSignal handler and drops everything but name, message and stack of an
 * error; here every call has an id, a cancel message, a side channel for progress, and errors keep code and detail.
 * No port is opened per call, so ten thousand pairs leave nothing behind.
 */
import * as comlink from 'comlink';
import { StitchError, type ErrorCode, type ErrorDetail } from '../src/core/errors.ts';
import type { OnProgress, Progress } from '../src/core/progress.ts';

/** What a worker's method receives beside its request. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  /** Gives the thread back for one macrotask, so that a cancel message is heard. */
  readonly yieldNow: () => Promise<void>;
}

/** Methods of a worker: one request, one context, a promise. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the bound of a mapped type, never a value
export type WorkerApi<T> = { readonly [K in keyof T]: (request: any, context: CallContext) => Promise<any> };
type RequestOf<F> = F extends (request: infer R, context: CallContext) => unknown ? R : never;
type ResultOf<F> = F extends (...args: never[]) => Promise<infer R> ? R : never;

interface Wire {
  call(method: string, id: number, request: unknown): Promise<unknown>;
  cancel(id: number): void;
}

interface ProgressMessage {
  readonly kind: 'em-stitch-progress';
  readonly call: number;
  readonly progress: Progress;
}

/** A worker's word that a file is waited for, or that none is any more. */
interface WaitingMessage {
  readonly kind: 'em-stitch-waiting';
  readonly file: string | null;
}

/** Tells the page which file is waited for: its drive does not answer. */
export function tellWaiting(endpoint: Pick<CallEndpoint, 'postMessage'>, file: string | null): void {
  const message: WaitingMessage = { kind: 'em-stitch-waiting', file };
  endpoint.postMessage(message);
}

/** Hears which file a worker waits for. */
export function hearWaiting(
  endpoint: Pick<CallEndpoint, 'addEventListener'>,
  onWaiting: (file: string | null) => void,
) {
  endpoint.addEventListener('message', ((event: MessageEvent<unknown>) => {
    const message = event.data as Partial<WaitingMessage> | null;
    if (message?.kind === 'em-stitch-waiting') onWaiting(message.file ?? null);
  }) as EventListener);
}

/** An endpoint that both a Worker, a worker's `self` and a MessagePort satisfy. */
export type CallEndpoint = comlink.Endpoint;

const yieldPort = new MessageChannel();
const yieldQueue: (() => void)[] = [];
yieldPort.port1.onmessage = () => yieldQueue.shift()?.();
// In Node (tests) an open port would keep the process alive.
(yieldPort.port1 as unknown as { unref?: () => void }).unref?.();

/** One macrotask, without the 4 ms clamp of nested timers. */
export function yieldMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    yieldQueue.push(resolve);
    yieldPort.port2.postMessage(null);
  });
}

/** Serves `api` on `endpoint`: the worker's side. */
export function serveCalls<T extends WorkerApi<T>>(api: T, endpoint: CallEndpoint): void {
  keepErrorDetail();
  const running = new Map<number, AbortController>();
  const methods = api as unknown as Record<string, (request: unknown, context: CallContext) => Promise<unknown>>;
  const wire: Wire = {
    async call(method, id, request) {
      const controller = new AbortController();
      running.set(id, controller);
      const onProgress: OnProgress = (progress) => {
        const message: ProgressMessage = { kind: 'em-stitch-progress', call: id, progress };
        endpoint.postMessage(message);
      };
      try {
        return await methods[method](request, { signal: controller.signal, onProgress, yieldNow: yieldMacrotask });
      } catch (error) {
        throw withoutMemory(error) ?? error;
      } finally {
        running.delete(id);
      }
    },
    cancel(id) {
      running.get(id)?.abort();
    },
  };
  comlink.expose(wire, endpoint);
}

/** The error of a thread that cannot get the memory it asks for; null for any other. */
function withoutMemory(error: unknown): StitchError | null {
  const isIt = error instanceof RangeError && /alloc|memory|array (buffer )?length/i.test(error.message);
  if (!isIt) return null;
  return new StitchError('worker-lost', `A worker ran out of memory (${error.message}).`, {}, { cause: error });
}

/** The caller's side of `serveCalls`. */
export interface Connection<T> {
  call<K extends keyof T & string>(
    method: K,
    request: RequestOf<T[K]>,
    signal?: AbortSignal,
    onProgress?: OnProgress,
    transfer?: readonly Transferable[],
  ): Promise<ResultOf<T[K]>>;
  /** Settles when the calls made with `signal` (all calls when absent) have settled in the worker, aborted ones too. */
  idle(signal?: AbortSignal): Promise<void>;
  /** Rejects every call in flight and every later one with `error`. */
  close(error: unknown): void;
}

/** Calls the methods that `serveCalls` serves at the other end of `endpoint`. */
export function connectCalls<T>(endpoint: CallEndpoint): Connection<T> {
  keepErrorDetail();
  const remote = comlink.wrap<Wire>(endpoint);
  const progressOf = new Map<number, OnProgress>();
  const rejecters = new Set<(error: unknown) => void>();
  const inWorker = new Map<Promise<unknown>, AbortSignal | undefined>();
  let closed: { readonly error: unknown } | null = null;
  let nextId = 1;
  endpoint.addEventListener('message', ((event: MessageEvent<unknown>) => {
    const message = event.data as Partial<ProgressMessage> | null;
    if (message?.kind === 'em-stitch-progress' && message.call && message.progress)
      progressOf.get(message.call)?.(message.progress);
  }) as EventListener);

  return {
    call(method, request, signal, onProgress, transfer) {
      if (closed) return Promise.reject(closed.error);
      if (signal?.aborted) return Promise.reject(abortError());
      const id = nextId++;
      if (onProgress) progressOf.set(id, onProgress);
      const payload = transfer ? comlink.transfer(request as object, [...transfer]) : request;
      const work = remote.call(method, id, payload).catch((error: unknown) => {
        throw unsent(error) ?? error;
      });
      const settled = work.then(noop, noop).then(() => {
        inWorker.delete(settled);
      });
      inWorker.set(settled, signal);
      return new Promise((resolve, reject) => {
        // An abort is answered at once; the worker winds down behind it.
        const onAbort = () => {
          void remote.cancel(id);
          finish();
          reject(abortError());
        };
        const finish = () => {
          signal?.removeEventListener('abort', onAbort);
          progressOf.delete(id);
          rejecters.delete(fail);
        };
        const fail = (error: unknown) => {
          finish();
          reject(error);
        };
        rejecters.add(fail);
        signal?.addEventListener('abort', onAbort, { once: true });
        work.then((value) => {
          finish();
          resolve(value as never);
        }, fail);
      });
    },
    async idle(signal) {
      await Promise.all([...inWorker].flatMap(([settled, its]) => (!signal || its === signal ? [settled] : [])));
    },
    close(error) {
      closed ??= { error };
      inWorker.clear();
      for (const reject of [...rejecters]) reject(error);
    },
  };
}

/** The error of a message that could not be copied, for want of memory; null for any other. */
function unsent(error: unknown): StitchError | null {
  if (!(error instanceof DOMException) || error.name !== 'DataCloneError') return null;
  return new StitchError(
    'worker-lost',
    `A message to a worker could not be sent (${error.message}).`,
    {},
    { cause: error },
  );
}

function noop(): void {
  // settles a tail, whatever the outcome
}

/** The platform's cancellation error. */
export function abortError(): DOMException {
  return new DOMException('The run was cancelled.', 'AbortError');
}

interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: ErrorCode | null;
  readonly detail: ErrorDetail | null;
  readonly cause: WireError | null;
}

function toWireError(error: unknown): WireError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, code: null, detail: null, cause: null };
  const known = error instanceof StitchError ? error : null;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: known?.code ?? null,
    detail: known?.detail ?? null,
    cause: error.cause === undefined ? null : toWireError(error.cause),
  };
}

function fromWireError(wire: WireError): Error {
  const options = wire.cause ? { cause: fromWireError(wire.cause) } : undefined;
  if (wire.name === 'AbortError') return new DOMException(wire.message, 'AbortError');
  const error = wire.code
    ? new StitchError(wire.code, wire.message, wire.detail ?? {}, options)
    : Object.assign(new Error(wire.message, options), { name: wire.name });
  if (wire.stack) error.stack = wire.stack;
  return error;
}

/** Replaces comlink's `throw` handler by one that keeps code, detail and cause; DOMExceptions too. */
function keepErrorDetail(): void {
  const original = comlink.transferHandlers.get('throw');
  if (!original || 'keepsErrorDetail' in original) return;
  const handler = {
    keepsErrorDetail: true,
    canHandle: (value: unknown): value is unknown => original.canHandle(value),
    serialize: (thrown: { readonly value: unknown }): [WireError, Transferable[]] => [toWireError(thrown.value), []],
    deserialize: (wire: WireError): never => {
      throw fromWireError(wire);
    },
  };
  comlink.transferHandlers.set('throw', handler);
}
