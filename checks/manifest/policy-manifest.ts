import { type ParsedManifest, parseManifest } from './parse-manifest.ts';
import type { Policy } from './policy.ts';

/** What a policy's defaults make of a manifest that says nothing itself. */
export function manifestUnder(policy: Policy): ParsedManifest {
  return parseManifest(emptiest, 'policy', policy);
}

const emptiest = JSON.stringify({
  apiVersion: 'slipway/v1',
  kind: 'Model',
  name: 'policy',
  version: '1',
  artifact: { uri: 'model.onnx', sha256: '0'.repeat(64) },
  evaluation: { data: { uri: 'evaluation.csv', sha256: '0'.repeat(64) }, label: 'label' },
});
