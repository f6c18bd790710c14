/** Route 53 as the lab keeps it. Global: one state for all regions. */
import type { Tags } from '../ec2/state.ts';

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'SOA' | 'SRV' | 'TXT';

export interface RecordSet {
  /** Absolute, in lower case, with its last dot; `*` written `\052` as Route 53 shows it. */
  name: string;
  type: RecordType;
  ttlSeconds: number;
  /** In presentation form: TXT quoted. */
  values: string[];
}

export interface HostedZone {
  /** Without `/hostedzone/`. */
  id: string;
  accountId: string;
  name: string;
  callerReference: string;
  comment: string | null;
  /** Null for a public zone. */
  vpcs: { id: string; region: string }[] | null;
  nameServers: string[];
  records: RecordSet[];
  tags: Tags;
}

export interface Change {
  id: string;
  accountId: string;
  submittedAt: string;
  comment: string | null;
}

export interface Route53State {
  zones: Record<string, HostedZone>;
  /** The newest ones. */
  changes: Change[];
}

export const emptyRoute53 = (): Route53State => ({ zones: {}, changes: [] });
