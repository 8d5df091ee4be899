import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  connect,
  constants,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { fieldBlock } from '../http2/field-block.ts';
import { CODE } from '../http2/frames.ts';
import type { Field } from '../http2/hpack-decoder.ts';
import type { Http2Stream } from '../http2/http2-stream.ts';

/** Hands single streams of HTTP/2 on to a server that listens on a Unix socket, and its answers back. */
export class StreamForwarder {
  readonly #socket: string;
  #session: ClientHttp2Session | undefined;

  constructor(socket: string) {
    this.#socket = socket;
  }

  forward(stream: Http2Stream): void {
    try {
      this.#forward(stream);
    } catch {
      // A head that HTTP/2 allows and the client here does not send.
      stream.reset(CODE.protocol);
    }
  }

  close(): void {
    this.#session?.close();
    this.#session = undefined;
  }

  #forward(stream: Http2Stream): void {
    const { method, path, scheme, authority, headers } = stream.head;
    const onward = this.#connected().request({
      ...headers,
      ':method': method,
      ':path': path,
      ':scheme': scheme,
      ...(authority === undefined ? {} : { ':authority': authority }),
    });
    stream.events = {
      data(piece) {
        // Its sender goes on once the other end has taken this.
        onward.write(piece, () => stream.consumed(piece.length));
      },
      ended: () => void onward.end(),
      // Who hangs up is not answered any more; nor is who was cut off here.
      gone: () => onward.close(constants.NGHTTP2_CANCEL),
      drained: () => void onward.resume(),
    };
    giveBack(onward, stream);
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

function giveBack(onward: ClientHttp2Stream, stream: Http2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  onward.on('response', (answered, flags) => {
    // An answer that is all trailers ends with its headers.
    stream.respond(blockOf(answered), (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
  });
  onward.on('data', (piece: Buffer) => {
    if (!stream.send(piece)) onward.pause();
  });
  onward.on('trailers', (last) => {
    trailers = last;
  });
  onward.on('end', () => stream.end(blockOf(trailers)));
  onward.on('error', () => stream.reset());
  // Nothing more will come: what has not been answered by now never is.
  onward.on('close', () => {
    if (onward.rstCode !== constants.NGHTTP2_NO_ERROR) stream.reset();
  });
}

function blockOf(headers: IncomingHttpHeaders): Buffer {
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) fields.push([name, String(each)]);
  }
  return fieldBlock(fields);
}
