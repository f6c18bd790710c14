/**
 * The ground: what the clouds' API states come down to in packets. Each cloud's front end keeps its own kind of
 * state and projects it, purely, onto this one form; `realise` makes the kernel agree with it.
 */

/** A routing domain: an AWS VPC, a GCP network. Two realms may use the same ranges. */
export interface Realm {
  id: string;
  cloud: 'aws' | 'gcp' | 'azure';
  subnets: readonly {
    id: string;
    cidr: string /** Address of the realm's router in it. */;
    router: string;
  }[];
  /** Where instances of this realm send DNS queries. */
  resolver: string;
  /** Whether the realm has a way to the internet (an AWS internet gateway with its route; GCP always). */
  internet: boolean;
}

/** Who may send what. `cidrs` are resolved: a source group is already its members' addresses. */
export interface GroundRule {
  protocol: 'tcp' | 'udp' | 'icmp' | 'all';
  fromPort: number;
  toPort: number;
  cidrs: readonly string[];
}

/** An instance: a namespace with one link into its subnet, in which `userData` runs once. */
export interface Machine {
  id: string;
  hostname: string;
  realmId: string;
  subnetId: string;
  privateAddress: string;
  macAddress: string;
  /** 1:1 NAT at the realm's edge; null means no internet. */
  publicAddress: string | null;
  ingress: readonly GroundRule[];
  egress: readonly GroundRule[];
  /** False: packets not from or to `privateAddress` are dropped at its link. */
  forwards: boolean;
  userData: string | null;
  /** What its metadata service (169.254.169.254) answers: path to text. */
  metadata: Readonly<Record<string, string>>;
}

/** A DNS zone; private ones answer only to their realms. Record names are absolute, without the last dot. */
export interface GroundZone {
  id: string;
  name: string;
  visibility: 'public' | 'private';
  realmIds: readonly string[];
  records: readonly {
    name: string;
    type: 'A' | 'AAAA' | 'TXT' | 'CNAME' | 'NS' | 'SOA' | 'SRV' | 'MX';
    ttlSeconds: number;
    values: readonly string[];
  }[];
}

/** Two realms that route to each other, without an internet in between: a VPC peering. */
export interface GroundPeering {
  id: string;
  /** Each end, with the ranges that it routes over the peering. */
  ends: readonly [
    { realmId: string; routes: readonly string[] },
    { realmId: string; routes: readonly string[] },
  ];
}

export interface Ground {
  realms: readonly Realm[];
  peerings: readonly GroundPeering[];
  machines: readonly Machine[];
  zones: readonly GroundZone[];
}

export const EMPTY_GROUND: Ground = { realms: [], peerings: [], machines: [], zones: [] };

/** How a machine stands, as the front ends show it: `pending` until its namespace is up, `running` after. */
export interface MachineStatus {
  id: string;
  state: 'pending' | 'running' | 'failed';
  /** What user-data printed (the console output), at most the last 64 KiB. */
  console: string;
  userDataExit: number | null;
}

/** The kernel side, as the front ends see it. */
export interface Realiser {
  /** Converges on the newest ground given; calls made meanwhile coalesce. Resolves when it stands. */
  realise(ground: Ground): Promise<void>;
  status(machineId: string): MachineStatus | undefined;
  /** Runs a command inside a machine; used by the prover and by tests. */
  run(
    machineId: string,
    command: readonly string[],
    options?: { timeoutSeconds?: number; input?: string },
  ): Promise<{ exit: number; stdout: string; stderr: string }>;
  /** Ends every machine and removes every namespace, link and mount made. Disks stay for the next start. */
  close(): Promise<void>;
}

/** Public addresses of the lab's internet (RFC 2544, never routed): one range a cloud, one for what stands outside. */
export const INTERNET = {
  cidr: '198.18.0.0/15',
  router: '198.18.0.1',
  aws: '198.18.64.0/18',
  gcp: '198.18.128.0/18',
  azure: '198.19.0.0/18',
} as const;
/** The lab's services (control plane, public resolver) stand beside that internet, on a link of their own. */
export const SERVICES = {
  cidr: '192.0.2.0/24',
  router: '192.0.2.1',
  controlPlane: '192.0.2.10',
  publicResolver: '192.0.2.53',
} as const;
