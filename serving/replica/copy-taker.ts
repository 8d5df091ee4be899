import { type Server, type Socket, createServer } from 'node:net';
import { type ScoreMapping, scoresAs } from '../model/score.ts';
import { Refusal } from '../protocol/refusal.ts';
import { answerLocally } from './answer.ts';
import { type Call, DEADLINE_MS, type Reply, parseCall } from './call.ts';
import { type Copy, CopyReader, copySocketOf } from './copy-frames.ts';
import { disagreementOf } from './disagreement.ts';
import { loggedBody } from './journal.ts';
import type { Serving } from './serve-call.ts';

export interface CopyTaker {
  close(): void;
}

/**
 * Takes copies of requests for the revisions of this process, answers each, compares the answer with the stable arm's, counts and logs what came
 * of it, and throws the answer away. Says back one byte for each, so that the sender knows what is under way.
 */
export function takeCopies(socket: string, serving: Serving): CopyTaker {
  const connections = new Set<Socket>();
  const server: Server = createServer((connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => connection.destroy());
    takeFrom(connection, serving);
  });
  server.on('error', (error) => console.error('copies of requests cannot be taken', error));
  server.listen(copySocketOf(socket));
  return {
    close() {
      server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}

function takeFrom(connection: Socket, serving: Serving): void {
  const reader = new CopyReader();
  const champions = new Map<string, ScoreMapping | undefined>();
  let done = 0;
  const settle = (): void => {
    done += 1;
    if (done > 1) return;
    setImmediate(() => {
      if (connection.writable) connection.write(Buffer.alloc(done));
      done = 0;
    });
  };
  connection.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.read(chunk))
        if (frame.kind === 'champion') champions.set(frame.revision, frame.mapping);
        else
          for (const copy of frame.copies) void answerCopy(copy, champions.get(copy.champion), serving).finally(settle);
    } catch (error) {
      console.error('a copy of a request could not be read', error);
      connection.destroy();
    }
  });
}

/** Never rejects: what goes wrong is the shadow's error, or, for lack of an input, unservable. */
async function answerCopy(copy: Copy, mapping: ScoreMapping | undefined, serving: Serving): Promise<void> {
  const { model, revision } = copy;
  const counter = serving.counter(model, revision);
  const call = callOf(copy);
  try {
    const reply = await replyTo(call, revision, serving);
    const loaded = serving.table(model)?.arms.find((arm) => arm.revision === revision)?.loaded;
    const [own, theirs] = [loaded?.score, mapping];
    const compared =
      own === undefined || theirs === undefined || reply.scores === undefined || copy.scores === undefined
        ? undefined
        : disagreementOf(scoresAs(theirs, copy.scores, copy.rows), scoresAs(own, reply.scores, reply.rows));
    counter.side.copied({ requests: 1, ...compared });
    logCopy(call, revision, { status: 200, reply, flags: reply.flags }, serving);
  } catch (error) {
    if (error instanceof Refusal && error.unservable) counter.unservable += 1;
    else counter.side.copied({ requests: 1, errors: 1 });
    const status = error instanceof Refusal ? error.status : 500;
    logCopy(call, revision, { status, flags: [error instanceof Error ? error.message : String(error)] }, serving);
  }
}

async function replyTo(call: Call, revision: string, serving: Serving): Promise<Reply> {
  const table = serving.table(call.model);
  const loaded = table?.arms.find((arm) => arm.revision === revision)?.loaded;
  if (table === undefined || loaded === undefined) throw new Refusal(503, `revision ${revision} is not loaded here`);
  return answerLocally(call, parseCall(call), {
    loaded,
    counter: serving.counter(call.model, revision),
    // The caller has its answer: its own deadline is over, and not the shadow's measure.
    deadline: performance.now() + DEADLINE_MS,
    known: table.known,
  });
}

function callOf({ protocol, model, id, body, at }: Copy): Call {
  return {
    protocol,
    model,
    version: undefined,
    id,
    path: '',
    body,
    headers: {},
    at,
    startedAt: performance.now(),
    relayed: true,
  };
}

function logCopy(
  call: Call,
  revision: string,
  { status, reply, flags }: { readonly status: number; readonly reply?: Reply; readonly flags: readonly string[] },
  serving: Serving,
): void {
  serving.journal.add({
    at: call.at,
    id: call.id,
    model: call.model,
    revision,
    arm: 'candidate',
    shadow: true,
    status,
    latencyMs: performance.now() - call.startedAt,
    protocol: call.protocol,
    ...loggedBody(reply?.logged ?? call.body),
    rows: reply?.rows ?? 0,
    flags,
    ...(reply?.scores === undefined ? {} : { scores: reply.scores }),
  });
}
