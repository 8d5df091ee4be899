import type { Crew } from './crew.ts';
import { Door } from './door.ts';

/** Listening sockets as Node holds them. */
export interface PublicPorts {
  readonly http?: unknown;
  readonly grpc?: unknown;
}

/** Where callers come in: HTTP, and gRPC where it is spoken. */
export class PublicDoors {
  readonly #http: Door;
  readonly #grpc: Door;

  constructor(crew: Crew, isEncrypted: boolean) {
    this.#http = new Door(() => crew.open, 'http', isEncrypted);
    this.#grpc = new Door(() => crew.open, 'grpc', isEncrypted);
  }

  /** Opens the ports, or goes on listening on those that were held; resolves with their numbers. */
  async listen(
    { host, port, grpcPort }: { readonly host: string; readonly port: number; readonly grpcPort?: number },
    held: PublicPorts,
  ): Promise<{ readonly port: number; readonly grpcPort?: number; readonly handles: PublicPorts }> {
    const openHttp = await this.#http.listen(host, port, held.http);
    const openGrpc = grpcPort === undefined ? undefined : await this.#grpc.listen(host, grpcPort, held.grpc);
    const handles = { http: this.#http.handle, grpc: this.#grpc.handle };
    return { port: openHttp, handles, ...(openGrpc === undefined ? {} : { grpcPort: openGrpc }) };
  }

  /** Connections that no replica has taken yet. */
  get waiting(): number {
    return this.#http.waiting + this.#grpc.waiting;
  }

  serveWaiting(): void {
    this.#http.serveWaiting();
    this.#grpc.serveWaiting();
  }

  /** Somebody else listens on the ports from now on. */
  leave(): void {
    this.#http.leave();
    this.#grpc.leave();
  }

  close(): void {
    this.#http.close();
    this.#grpc.close();
  }
}
