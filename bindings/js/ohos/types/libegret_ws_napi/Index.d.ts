/** A loop and its sockets. Only websocket.js of this package uses it; applications use `install`. */
export interface Host {
  open(url: string, protocols: string, options: string): number;
  sendText(id: number, text: string): number;
  sendBinary(id: number, data: ArrayBuffer | ArrayBufferView): number;
  close(id: number, code: number, reason: string): number;
  bufferedAmount(id: number): number;
  notifyDrain(id: number, bytes: number): number;
  normalizeUrl(url: string): string | null;
  stats(id: number): string;
  text(id: number, name: string): string;
  bytes(id: number, name: string, index: number): ArrayBuffer | null;
  answer(ticket: number, list: string | null): number;
  lastError(): string;
  wake(): void;
  listen(events: Object, afterEvent: Object | undefined, allow: Object | undefined): void;
  poll(timeoutMs: number): number;
  setReferenced(isReferenced: boolean): void;
  suspend(): void;
  resume(): void;
  networkChanged(): void;
  free(): void;
}

/** `driver` is the part that polls: 0: the application, 2: the native module. `hooks` are bits: 1: `resolve`, 2: `findProxy`. */
export declare function createHost(
  driver: number, isInline: boolean, closesOnSuspend: boolean, refusesScriptOptions: boolean, forgetsTlsSessions: boolean,
  hooks: number): Host;
