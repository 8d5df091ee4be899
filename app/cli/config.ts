/** What the command line takes from the environment. https://no-color.org; a terminal that says `dumb` cannot overwrite lines. */
export interface CliEnvironment {
  readonly noColor: boolean;
  readonly dumbTerminal: boolean;
  /** Where evidence and fetched artifacts are kept: `SLIPWAY_CACHE`, else below `XDG_CACHE_HOME`, else below the home folder's `.cache`. */
  readonly cacheFolder: string | undefined;
  readonly xdgCacheHome: string | undefined;
}

export function cliEnvironment(environment: NodeJS.ProcessEnv = process.env): CliEnvironment {
  const { NO_COLOR, TERM, SLIPWAY_CACHE, XDG_CACHE_HOME } = environment;
  return {
    noColor: NO_COLOR !== undefined && NO_COLOR !== '',
    dumbTerminal: TERM === 'dumb',
    cacheFolder: SLIPWAY_CACHE === '' ? undefined : SLIPWAY_CACHE,
    xdgCacheHome: XDG_CACHE_HOME === '' ? undefined : XDG_CACHE_HOME,
  };
}
