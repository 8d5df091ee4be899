/**
 * The bearer token for a host of artifacts: `SLIPWAY_ARTIFACT_TOKEN_` and the host in capitals with `_` for what is no letter or digit, so
 * `SLIPWAY_ARTIFACT_TOKEN_MODELS_ACME_EXAMPLE` for models.acme.example. A token goes to its host and, after a redirect, to no other.
 */
export function artifactTokenOf(host: string): string | undefined {
  return process.env[`SLIPWAY_ARTIFACT_TOKEN_${host.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`];
}
