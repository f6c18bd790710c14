/**
 * Which steps an operation has and in which order, purely. Handlers of these kinds are in `operation/step`.
 */
export interface PlannedStep {
  /** Unique in the operation: `prod/network`. */
  key: string;
  kind: StepKind;
  title: string;
  /** Name of the cluster it works on, or null for the whole network. */
  cluster: string | null;
  dependsOn: string[];
  input: StepInput;
  timeoutSeconds: number;
  maxAttempts: number;
  evenAfterFailure: boolean;
}

export type StepKind =
  | 'network'
  | 'peering'
  | 'addresses'
  | 'firewall'
  | 'instances'
  | 'join'
  | 'kubernetes-server'
  | 'kubernetes-nodes'
  | 'cni'
  | 'cni-probe'
  | 'kubernetes-upgrade'
  | 'kubernetes-drain'
  | 'zones'
  | 'records'
  | 'verify'
  | 'topology'
  | 'applied'
  | 'cut-off'
  | 'credentials'
  | 'delete'
  | 'delete-orphans'
  | 'forget-cluster'
  | 'forget-network';

/** What a step is about, where not its whole cluster. */
export interface StepInput {
  /** Peers by name. */
  peers?: string[];
  /** For `delete`: resources of these kinds, or with exactly these keys. */
  kinds?: ('record' | 'zone' | 'instance' | 'address' | 'firewall' | 'peering' | 'network')[];
  keys?: string[];
  /** For `peering`: the other cluster's name, and whether it is there already and is to be used now. */
  with?: string;
  use?: true;
  /** For `applied`: the revision that agents must have; the newest when left out. */
  revision?: number;
  /** For `kubernetes-upgrade`: the release. */
  version?: string;
  /** For `delete-orphans`: ids of findings. */
  findings?: string[];
}

// `applied`: longer than agents of a coordinator that died count as connected.
const TIMEOUT_SECONDS: Record<StepKind, number> = {
  network: 300,
  peering: 300,
  addresses: 180,
  firewall: 180,
  instances: 600,
  join: 600,
  'kubernetes-server': 600,
  'kubernetes-nodes': 300,
  cni: 420,
  'cni-probe': 180,
  'kubernetes-upgrade': 900,
  'kubernetes-drain': 420,
  zones: 300,
  records: 300,
  verify: 240,
  topology: 60,
  applied: 180,
  'cut-off': 60,
  credentials: 120,
  delete: 600,
  'delete-orphans': 900,
  'forget-cluster': 120,
  'forget-network': 120,
};

/** A step with the defaults of its kind. */
export function planned(
  kind: StepKind,
  step: Pick<PlannedStep, 'key' | 'title' | 'cluster' | 'dependsOn'> & Partial<PlannedStep>,
): PlannedStep {
  return {
    kind,
    input: {},
    timeoutSeconds: TIMEOUT_SECONDS[kind],
    maxAttempts: 5,
    evenAfterFailure: false,
    ...step,
  };
}
