import { type Socket, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { EXTENSIONS, SERVER_NAME } from '../protocol/model-description.ts';
import { Refusal } from '../protocol/refusal.ts';
import { requireCaller } from './caller.ts';
import { descriptionOf, isReady, waitingModels } from './describe-model.ts';
import { StreamForwarder } from './forwarded-stream.ts';
import { inferMessage, statusOf } from './grpc-infer.ts';
import { openGrpcLane } from './grpc-lane.ts';
import type { InferMessage } from './grpc-messages.ts';
import { MAX_BODY_BYTES } from './http.ts';
import { inferResponseBytes, readInferRequest } from './infer-wire.ts';
import { LOADING_BY_HAND, type RouteContext } from './routes.ts';

/**
 * The protocol over gRPC: the same requests, arms, log and errors as over HTTP, health (grpc.health.v1) and reflection. Connections come from the
 * daemon, which owns the port.
 */
export interface GrpcDoor {
  accept(socket: Socket): void;
  readonly connections: number;
  /** So many connections end, each once its calls have. */
  shed(connections: number): void;
  /** No new call on a connection; those under way end, at the limit they are cut. */
  drain(limitMs: number): void;
  /** When the last connection has ended. */
  close(): void;
}

const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
const LOADING = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, arrays: true } as const;

export function openGrpcDoor(context: RouteContext): GrpcDoor {
  const definition = loadSync(PROTO, LOADING);
  const healthDefinition = loadSync(healthProtoPath, LOADING);
  const server = new Server({
    'grpc.max_receive_message_length': MAX_BODY_BYTES,
    'grpc.max_send_message_length': -1,
    // Nobody looks into a replica by channelz, and every call would be counted for it.
    'grpc.enable_channelz': 0,
  });
  const { own, decode } = withOwnWire(serviceOf(definition['inference.GRPCInferenceService']));
  server.addService(own, inferenceOf(context));
  server.addService(serviceOf(healthDefinition['grpc.health.v1.Health']), healthOf(context));
  new ReflectionService(loadSync([PROTO, healthProtoPath], LOADING)).addToServer(server);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // Nobody but this process knows the way in for what the lane does not answer.
  const path = `${context.settings.socket}g`;
  const inner = createServer((socket) => injector.injectConnection(socket)).listen(path);
  inner.unref();
  const forwarder = new StreamForwarder(path);
  const lane = openGrpcLane({
    context,
    decode,
    forward: (stream) => forwarder.forward(stream),
  });
  return {
    accept: (socket) => lane.accept(socket),
    get connections() {
      return lane.connections;
    },
    shed: (connections) => lane.shed(connections),
    // What is handed on comes by the lane's connections and ends with them: who drains still answers it.
    drain: (limitMs) => lane.drain(limitMs),
    close: () => {
      forwarder.close();
      inner.close();
    },
  };
}

/** ModelInfer read and written by ourselves; what is not in its plain form is read by `decode` as all else is. */
function withOwnWire(service: ServiceDefinition): {
  readonly own: ServiceDefinition;
  readonly decode: (bytes: Buffer) => InferMessage;
} {
  const method = service['ModelInfer'];
  if (method === undefined) throw new Error('inference.proto has no ModelInfer');
  const decode = (bytes: Buffer): InferMessage =>
    readInferRequest(bytes) ?? (method.requestDeserialize(bytes) as InferMessage);
  const ModelInfer = { ...method, requestDeserialize: decode, responseSerialize: inferResponseBytes };
  return { own: { ...service, ModelInfer }, decode };
}

function serviceOf(definition: unknown): ServiceDefinition {
  return definition as ServiceDefinition;
}

type Message = Readonly<Record<string, unknown>>;
type Call = ServerUnaryCall<Message, unknown>;
type Handler = (message: Message, call: Call) => unknown;

function inferenceOf(context: RouteContext): UntypedServiceImplementation {
  const { settings } = context;
  const tables = context.tables;
  const named = ({ name, version }: Message): readonly [string, string | undefined] => [
    String(name),
    version === '' ? undefined : String(version),
  ];
  const described = async (message: Message, what: 'metadata' | 'config') => {
    const [model, version] = named(message);
    if (tables().get(model)?.isAsleep === true) await context.serving.awaken(model);
    return descriptionOf(tables(), model, version, what);
  };
  const handlers: Readonly<Record<string, Handler>> = {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: waitingModels(tables()).length === 0 }),
    ModelReady: (message) => ({ ready: saidReady(() => isReady(tables(), ...named(message))) }),
    ServerMetadata: () => ({ name: SERVER_NAME, version: settings.serverVersion, extensions: EXTENSIONS }),
    ModelMetadata: (message) => described(message, 'metadata'),
    ModelConfig: async (message) => ({ config: await described(message, 'config') }),
    ModelStatistics: async (message) => {
      const [model, version] = named(message);
      return told(
        await context.ask({
          kind: 'statistics',
          ...(model === '' ? {} : { model }),
          ...(version === undefined ? {} : { version }),
        }),
      );
    },
    RepositoryIndex: async ({ ready }) => ({
      models: told(await context.ask({ kind: 'index', onlyReady: ready === true })),
    }),
    RepositoryModelLoad: (message, call) => control('load', message, call, context),
    RepositoryModelUnload: (message, call) => control('unload', message, call, context),
    ModelInfer: (message, call) => infer(message as unknown as InferMessage, call, context),
  };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, unary(handler, context)]));
}

/** Whoever asks over gRPC whether a model is ready expects an answer, also of one that is not there: as Triton gives it. */
function saidReady(ready: () => boolean): boolean {
  try {
    return ready();
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function control(
  action: 'load' | 'unload',
  { model_name: model, parameters }: Message,
  call: Call,
  { settings, ask }: RouteContext,
): Promise<unknown> {
  if (settings.modelControl !== true) throw new Refusal(403, LOADING_BY_HAND);
  requireCaller(call.metadata.get('authorization').map(String)[0], false, settings, true);
  // Each parameter is one of several types, under the name of its type.
  const plain = Object.entries(isObject(parameters) ? parameters : {}).map(([name, value]) => [
    name,
    isObject(value) ? Object.entries(value).find(([type]) => type.endsWith('_param'))?.[1] : value,
  ]);
  const body = JSON.stringify({ parameters: Object.fromEntries(plain) as unknown });
  const { status, body: told } = await ask({ kind: 'control', action, model: String(model), body });
  if (status === 200) return {};
  const refused: unknown = JSON.parse(told);
  const error = isObject(refused) ? String(refused['error']) : told;
  throw new Refusal(status === 400 || status === 500 ? status : 503, error);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Kubernetes and load balancers ask for the service `""` or a model's name. */
function healthOf(context: RouteContext): UntypedServiceImplementation {
  const isServing = (service: string): boolean =>
    service === '' || service === 'inference.GRPCInferenceService'
      ? waitingModels(context.tables()).length === 0
      : isReady(context.tables(), service, undefined);
  return {
    Check: unary(({ service }) => ({ status: isServing(String(service)) ? 'SERVING' : 'NOT_SERVING' }), context),
  };
}

async function infer(message: InferMessage, call: Call, context: RouteContext): Promise<unknown> {
  const headers = Object.fromEntries(
    Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]),
  );
  const told: Record<string, string> = {};
  try {
    return await inferMessage(message, headers, context, told);
  } finally {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(told)) metadata.set(name, value);
    call.sendMetadata(metadata);
  }
}

function told({ status, body }: { readonly status: number; readonly body: string }): unknown {
  const parsed: unknown = JSON.parse(body);
  if (status === 200) return parsed;
  const error = typeof parsed === 'object' && parsed !== null && 'error' in parsed ? String(parsed.error) : body;
  throw new Refusal(status === 404 ? 404 : 503, error);
}

/** Whatever goes wrong becomes a status with a sentence. */
function unary(handler: Handler, context: RouteContext) {
  return (call: Call, answer: sendUnaryData<unknown>): void => {
    const handle = async (): Promise<unknown> => handler(call.request, call);
    context.track(handle()).then(
      (value) => answer(null, value),
      (error: unknown) => answer(statusOf(error)),
    );
  };
}
