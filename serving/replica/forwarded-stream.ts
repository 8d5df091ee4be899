import {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  connect,
  constants,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** Hands single streams of HTTP/2 on to a server that listens on a Unix socket, and its answers back. */
export class StreamForwarder {
  readonly #socket: string;
  #session: ClientHttp2Session | undefined;

  constructor(socket: string) {
    this.#socket = socket;
  }

  forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const onward = this.#connected().request(headers as OutgoingHttpHeaders);
    let trailers: IncomingHttpHeaders = {};
    onward.on('response', (answered, flags) => {
      if (stream.destroyed || stream.headersSent) return;
      // An answer that is all trailers ends with its headers.
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0)
        stream.respond(answered as OutgoingHttpHeaders, { endStream: true });
      else {
        stream.respond(answered as OutgoingHttpHeaders, { waitForTrailers: true });
        stream.once('wantTrailers', () => {
          if (!stream.destroyed) stream.sendTrailers(trailers as OutgoingHttpHeaders);
        });
        onward.pipe(stream);
      }
    });
    onward.on('trailers', (last) => {
      trailers = last;
    });
    onward.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    // Who hangs up is not answered any more; nor is who was cut off here.
    stream.on('aborted', () => onward.close(constants.NGHTTP2_CANCEL));
    stream.pipe(onward);
  }

  close(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  #connected(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect('http://replica', { createConnection: () => connectSocket(this.#socket) });
    session.on('error', () => session.destroy());
    session.unref();
    this.#session = session;
    return session;
  }
}
