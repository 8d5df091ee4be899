import { Keeper } from './daemon/keeper.ts';

/**
 * A fleet: `node serving/main.ts --folder DIR [--host 127.0.0.1] [--port 8000] [--grpc-port N] [--grpc-connection-seconds 600] [--admin-host 127.0.0.1] [--admin-port 8003]
 *     [--tls-cert FILE --tls-key FILE] [--log DIR | --no-log] [--retention-days 30] [--model-control] [--tied]
 *     [--memory-budget 60%] [--max-loaded N] [--idle-seconds 300] [--scale-window-seconds 60] [--replica-memory 80%]`.
 *
 * Writes one line of JSON when its ports are open. Without `--grpc-port` gRPC is not spoken. `--tied`: ends when the process that started it does. SIGTERM
 * and SIGINT end it after answering what has come in; SIGHUP replaces the daemon by the program that is on disk now, without a dropped connection.
 *
 * This process only keeps the daemon (daemon/main.ts) and its ports: its id stays the same for whoever supervises it.
 */
const args = process.argv.slice(2);
const keeper = new Keeper(args, {
  ready: (line, daemon) => console.log(JSON.stringify({ ...line, pid: process.pid, daemon })),
  ended: (status) => process.exit(status),
});
process.on('SIGTERM', () => keeper.stop());
process.on('SIGINT', () => keeper.stop());
process.on('SIGHUP', () => keeper.restart());
if (args.includes('--tied')) process.on('disconnect', () => keeper.stop());
// Who reads the line, or what is told later, may be gone by then.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
keeper.start();
