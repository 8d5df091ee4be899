import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { createDashboard } from './dashboard.ts';
import { type SampleSource, sampleSource } from './sample-views.ts';

/** The dashboard over sample views on a free port of this machine. */
export interface ServedSample {
  readonly url: string;
  readonly source: SampleSource;
  close(): Promise<void>;
}

export async function serveSample(source: SampleSource = sampleSource()): Promise<ServedSample> {
  const stop = new AbortController();
  const app = createDashboard({
    source,
    publicUrl: 'http://127.0.0.1',
    githubUrl: 'https://github.com',
    signal: stop.signal,
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The sample dashboard has no port to be asked at.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    source,
    async close() {
      stop.abort();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
