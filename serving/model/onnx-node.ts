/** A node of a graph, as far as one can say from it whether it trains or draws random numbers. */
export interface OnnxNode {
  readonly type: string;
  /** Empty for ai.onnx. */
  readonly domain: string;
  /** Its name, else its first output's. */
  readonly name: string;
  readonly inputs: readonly string[];
  /** Outputs that are named, so that something may use them. */
  readonly outputs: number;
  /** Integer and float attributes; others are not needed here. */
  readonly attributes: ReadonlyMap<string, number>;
  /** The version of its domain that its graph or function imports. */
  readonly opset: number;
  /** The one value of an input that is a constant; undefined for one that is computed or fed. */
  constant(input: number): number | undefined;
}

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'com.microsoft:Sampling',
]);

function nameOf({ domain, type }: Pick<OnnxNode, 'domain' | 'type'>): string {
  return domain === '' ? type : `${domain}:${type}`;
}

/** Why a node draws random numbers whatever its mode; undefined for one that does not. */
export function randomWhy(node: OnnxNode): string | undefined {
  if (!RANDOM.has(nameOf(node))) return undefined;
  return node.attributes.has('seed')
    ? 'it draws random numbers from a fixed seed, anew in every run'
    : 'it draws random numbers without a seed';
}

export interface TrainingMode {
  readonly why: string;
  /** Whether it is on; false where only a run could tell, since the switch is computed. */
  readonly certain: boolean;
  /** Whether it draws random numbers then. */
  readonly random: boolean;
}

/** Where a Dropout's switch and its share of dropped values stand among its inputs. */
const DROPOUTS: ReadonlyMap<string, { readonly mode: number; readonly ratio: number }> = new Map([
  ['Dropout', { ratio: 1, mode: 2 }],
  ['com.microsoft:BitmaskDropout', { ratio: 1, mode: 2 }],
  ['com.microsoft:BiasDropout', { ratio: 3, mode: 4 }],
  ['com.microsoft:BitmaskBiasDropout', { ratio: 3, mode: 4 }],
]);

/** From this opset on the attribute `is_test` is gone, and a node is in inference mode unless it says otherwise. */
const WITHOUT_IS_TEST = 7;
/** From this opset on Dropout takes its mode as an input; in between there is inference alone. */
const DROPOUT_WITH_MODE = 12;
/** From this opset on BatchNormalization has the attribute `training_mode`; before, its further outputs say it. */
const BATCH_NORM_WITH_MODE = 14;

/**
 * Whether a node is in training mode, by the operator's specification at its opset:
 * https://github.com/onnx/onnx/blob/main/docs/Changelog.md (Dropout 1, 6, 7, 10, 12, 13, 22; BatchNormalization 1, 6, 7, 9, 14, 15).
 */
export function trainingModeOf(node: OnnxNode): TrainingMode | undefined {
  const places = DROPOUTS.get(nameOf(node));
  if (places !== undefined) return dropoutMode(node, places);
  return nameOf(node) === 'BatchNormalization' ? batchNormMode(node) : undefined;
}

function dropoutMode(
  node: OnnxNode,
  places: { readonly mode: number; readonly ratio: number },
): TrainingMode | undefined {
  const dropped = { random: true, certain: true };
  if (node.domain === '' && node.opset < WITHOUT_IS_TEST)
    return node.attributes.get('is_test') === 1 || node.attributes.get('ratio') === 0
      ? undefined
      : {
          ...dropped,
          why: 'its is_test is not 1 (which means training, before opset 7), so it drops values at random',
        };
  if (node.domain === '' && node.opset < DROPOUT_WITH_MODE) return undefined;
  if ((node.inputs[places.mode] ?? '') === '' || node.constant(places.ratio) === 0) return undefined;
  const mode = node.constant(places.mode);
  if (mode === 0) return undefined;
  return mode === undefined
    ? {
        why: `its training mode is "${node.inputs[places.mode]}", which only a run can tell`,
        certain: false,
        random: false,
      }
    : { ...dropped, why: 'its training mode is on, so it drops values at random' };
}

function batchNormMode({ opset, attributes, outputs }: OnnxNode): TrainingMode | undefined {
  const batch = { certain: true, random: false };
  const meaning = 'so it normalises by the rows of the batch and not by what training saw';
  if (opset >= BATCH_NORM_WITH_MODE)
    return attributes.get('training_mode') === 1 ? { ...batch, why: `its training_mode is 1, ${meaning}` } : undefined;
  if (opset < WITHOUT_IS_TEST)
    return attributes.get('is_test') === 1
      ? undefined
      : { ...batch, why: `its is_test is not 1 (which means training, before opset 7), ${meaning}` };
  return outputs > 1
    ? { ...batch, why: `it has ${outputs} outputs (training mode, before opset 14), ${meaning}` }
    : undefined;
}
