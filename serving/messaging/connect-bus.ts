import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Authenticator,
  type ConnectionOptions,
  type NatsConnection,
  connect,
  credsAuthenticator,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import type { Login, MessagingSettings } from './messaging-settings.ts';

/**
 * Resolves once a server has answered, however long that takes; afterwards the connection mends itself for ever. A file of credentials is read anew
 * for each attempt, so that one that is renewed on disk is taken. `changed` hears when the connection is there and when it is gone; why it is not there is
 * said on standard error, once a reason. Rejects when `signal` is aborted before.
 */
export async function connectBus(
  settings: MessagingSettings,
  name: string,
  changed: (isConnected: boolean) => void,
  signal: AbortSignal,
): Promise<NatsConnection> {
  let attempts = 0;
  const connection = await firstConnection(settings, signal, {
    ...optionsOf(settings),
    name,
    reconnect: true,
    maxReconnectAttempts: -1,
    // A server that refuses a login today may know it tomorrow.
    ignoreAuthErrorAbort: true,
    // It is asked twice for each attempt: before it, and before the wait for it.
    reconnectDelayHandler: () => backOffMs(Math.floor(attempts++ / 2), Math.random()),
    pingInterval: PING_MS,
    maxPingOut: 2,
    timeout: CONNECT_LIMIT_MS,
    noAsyncTraces: true,
  });
  attempts = 0;
  changed(true);
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'reconnect') attempts = 0;
      if (status.type === 'reconnect' || status.type === 'disconnect') changed(status.type === 'reconnect');
      if (status.type === 'disconnect')
        console.error(`NATS: the connection to ${status.server} is lost; it is tried again`);
      if (status.type === 'reconnect') console.error(`NATS: connected again to ${status.server}`);
      if (status.type === 'error') console.error(`NATS: ${status.error.message}`);
    }
  })();
  return connection;
}

/** The client's own wait for its first connection would not say what it waits for: a server that is away, or one that refuses the login. */
async function firstConnection(
  { servers }: MessagingSettings,
  signal: AbortSignal,
  options: ConnectionOptions,
): Promise<NatsConnection> {
  let told: string | undefined;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await connect(options);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== told) console.error(`NATS: no connection to ${servers.join(', ')}: ${reason}; it is tried again`);
      told = reason;
    }
    await sleep(backOffMs(attempt, Math.random()), undefined, { signal, ref: false });
  }
}

/** With what lies behind it, which is where TLS and the network say what is wrong. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const behind = error.cause instanceof Error ? error.cause.message : '';
  return behind === '' || error.message.includes(behind) ? error.message : `${error.message}: ${behind}`;
}

/** Doubled from attempt to attempt up to five seconds, and spread by half, so that replicas do not all come at once. `spread`: from 0 to 1. */
export function backOffMs(attempt: number, spread: number): number {
  const full = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt, MAX_DOUBLINGS), LONGEST_WAIT_MS);
  return full / 2 + (full / 2) * spread;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const MAX_DOUBLINGS = 10;
const PING_MS = 20_000;
const CONNECT_LIMIT_MS = 5_000;

/** What the client is told; without what is the same for everybody. */
export function optionsOf({ servers, login, tls }: MessagingSettings): ConnectionOptions {
  return {
    servers: servers.map((server) => server.replace(/^(nats|tls):\/\//, '')),
    ...loginOf(login),
    // With `tls://` it is TLS or nothing; else what the server asks for.
    ...(tls === undefined && !servers.some((server) => server.startsWith('tls://')) ? {} : { tls: { ...tls } }),
  };
}

function loginOf(login: Login): ConnectionOptions {
  switch (login.kind) {
    case 'none':
      return {};
    case 'user':
      return { user: login.user, pass: login.password };
    case 'token':
      return { token: login.token };
    case 'credentials':
      return { authenticator: fromFile(() => credsAuthenticator(readFileSync(login.file))) };
    case 'nkey':
      return { authenticator: fromFile(() => nkeyAuthenticator(seedOf(login.file))) };
  }
}

/** A file that cannot be read is told, and the server refuses: an error here would end the connection for good. */
function fromFile(read: () => Authenticator): Authenticator {
  return (nonce) => {
    try {
      return read()(nonce);
    } catch (error) {
      console.error(`NATS: no login: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
}

/** The file's first line that is no comment. */
function seedOf(file: string): Uint8Array {
  const line = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .find((each) => /^S[A-Z2-7]+$/.test(each.trim()));
  if (line === undefined) throw new Error(`NATS_NKEY: ${file} holds no NKEY seed (a line that begins with S)`);
  return Buffer.from(line.trim());
}
