import { delimiter, dirname } from 'node:path';

/** What a peer is started with: its Python first on the path, where its modules lie, and which model it serves. */
export function peerEnvironment(peer: {
  readonly python: string;
  readonly file: string;
  readonly model: string;
  readonly modules: string;
  /** Its own folder, for what it wants to remember. */
  readonly home: string;
}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${dirname(peer.python)}${delimiter}${process.env['PATH'] ?? ''}`,
    PYTHONPATH: peer.modules,
    PYTHONDONTWRITEBYTECODE: '1',
    BENCH_MODEL_FILE: peer.file,
    BENCH_MODEL_NAME: peer.model,
    // Nothing is told to anybody, and nothing is written into the user's home.
    BENTOML_DO_NOT_TRACK: 'True',
    BENTOML_HOME: peer.home,
    MLSERVER_DEBUG: 'false',
    // One thread inside an operator, for libraries that do not ask the session.
    OMP_NUM_THREADS: '1',
  };
}

/** The bus that fleets started from now on are told of; undefined: none. */
export function setBus(url: string | undefined): void {
  if (url === undefined) delete process.env['NATS_URL'];
  else process.env['NATS_URL'] = url;
}

/** Where a nats-server is, unless it is on the path. */
export function natsServerCommand(): string {
  return process.env['SLIPWAY_TEST_NATS_SERVER'] ?? 'nats-server';
}
