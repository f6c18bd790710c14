import type { HealthCheck } from '@skein/contract/agent/service.ts';
import { HostService } from '@skein/contract/rest/service.ts';
import type { DeclaredService } from '@skein/mesh/services/hosts.ts';

/** A row of `host_service`, with its time as Postgres or Prisma tells it. */
export interface HostServiceRow {
  id: string;
  networkId: string;
  namespace: string;
  name: string;
  ports: unknown;
  peerId: string | null;
  labels: unknown;
  check: unknown;
  createdAt: Date | string;
}

/** A service of plain hosts as the REST API tells it. */
export function hostServiceView(row: HostServiceRow): HostService {
  return HostService.parse({
    id: row.id,
    networkId: row.networkId,
    namespace: row.namespace,
    name: row.name,
    ports: row.ports,
    peerId: row.peerId,
    labels: row.labels,
    check: row.check,
    createdAt: new Date(row.createdAt).toISOString(),
  });
}

/** The same as services are planned from it. */
export function declaredOf(row: HostServiceRow): DeclaredService {
  const { check, ports, networkId: _, ...rest } = hostServiceView(row);
  return {
    ...rest,
    ports: ports.map((port) => ({ ...port, appProtocol: null })),
    checked: check !== null,
  };
}

/** What the hosts of a service are asked to look at, or null. */
export function checkOf(row: HostServiceRow): HealthCheck | null {
  const { id, check } = hostServiceView(row);
  return check && { id, ...check };
}
