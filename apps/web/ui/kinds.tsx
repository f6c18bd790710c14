/** What cloud resources are called, and their signs. */
import type { PlannedResource } from '@skein/contract/rest/network.ts';
import { Cable, FileText, Globe, MapPin, Network, Server, Shield } from 'lucide-react';
import type { z } from 'zod';

type Kind = z.infer<typeof PlannedResource>['kind'];

export const KIND_NAMES: Record<Kind, string> = {
  network: 'Network',
  peering: 'VPC peering',
  firewall: 'Security group',
  address: 'Public address',
  instance: 'Instance',
  zone: 'DNS zone',
  record: 'DNS record',
};
const ICONS = {
  network: Network,
  peering: Cable,
  firewall: Shield,
  address: MapPin,
  instance: Server,
  zone: Globe,
  record: FileText,
};

export function KindIcon({ kind }: { kind: Kind }) {
  const Icon = ICONS[kind];
  return <Icon size={16} className="shrink-0 text-faint" aria-hidden />;
}
