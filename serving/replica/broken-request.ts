import type { Socket } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What could not be read as HTTP, by the parser's code: the status, and what was expected. */
const BROKEN: Readonly<Record<string, readonly [status: string, error: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are larger than 16 kB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'the extensions of a chunk are larger than 16 kB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come in in time'],
};

/**
 * Answers a sender of what is not HTTP/1.1 in the protocol's own form, `{"error": …}`, and ends its connection: where a request that cannot be read ends,
 * nobody knows.
 */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // Set by node:http while an answer is under way: two answers to one request would be taken for those of two.
  const { _httpMessage: answering } = socket as Socket & { readonly _httpMessage?: ServerResponse | null };
  if (!socket.writable || error.code === 'ECONNRESET' || answering?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, says] = BROKEN[error.code ?? ''] ?? [
    '400 Bad Request',
    `the request is not HTTP/1.1: ${reasonOf(error)}`,
  ];
  const body = JSON.stringify({ error: says });
  socket.write(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}

function reasonOf(error: Error): string {
  const reason: unknown = 'reason' in error ? error.reason : undefined;
  return typeof reason === 'string' ? reason : error.message;
}

/** Answers who expects something else than `100-continue`, before any body is read; the connection ends, since a body may come all the same. */
export function answerUnmetExpectation(request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ error: `Expect: ${request.headers.expect} cannot be met; expected 100-continue` });
  response.writeHead(417, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}
