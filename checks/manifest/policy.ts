import type { CheckName } from '../check.ts';

/** The repository's policy, `.github/slipway.yml` of the default branch, with every default filled in. */
export interface Policy {
  readonly models: string;
  readonly artifactHosts: readonly string[];
  readonly limits: {
    readonly artifactMb: number;
    readonly dataMb: number;
    readonly checkMinutes: number;
    readonly memoryMb: number;
  };
  readonly checks: {
    readonly required: readonly string[];
    readonly advisory: readonly string[];
    /** Same shape as in a manifest, by section: `{ drift: { alpha: 0.01 } }`. */
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly protectedInputs: 'justified' | 'never';
    readonly undecidedCohorts: 'list' | 'block';
    readonly undecidedBaseline: 'block' | 'list';
    readonly selfWaive: boolean;
    /** Which models need an impact matrix: none, those with protected or pii columns, or all. */
    readonly impact: 'optional' | 'personal' | 'always';
    /** `any`: evidence may be gathered without namespaces; `namespace`: refuse where the kernel does. */
    readonly isolation: 'any' | 'namespace';
  };
  readonly approvals: Readonly<Partial<Record<'low' | 'moderate' | 'high' | 'critical', number>>>;
  /** A GitHub permission (`read`, `triage`, `write`, `maintain`, `admin`) or a team (`@acme/ml-leads`), by command. */
  readonly permissions: Readonly<Record<string, string>>;
  readonly revert: 'merge' | 'auto-merge' | 'propose';
  readonly freeze: readonly { readonly from: string; readonly to: string; readonly zone: string }[];
  /** In the order of promotion; the last is production. */
  readonly fleets: readonly {
    readonly name: string;
    readonly driver: string;
    readonly after?: string;
    readonly bakeMs: number;
    readonly options: Readonly<Record<string, unknown>>;
  }[];
  readonly retention: { readonly predictionsMs: number };
  readonly prune: boolean;
}

/** Whether the policy makes a failing finding of this check block the proposal. */
export function isRequired(policy: Policy, check: CheckName): boolean {
  return policy.checks.required.includes(check);
}
