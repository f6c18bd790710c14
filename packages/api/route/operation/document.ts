/** Operations as the document shows them; most routes that change something answer one. */
import { LogLine, Operation, OperationSummary } from '@skein/contract/rest/operation.ts';

const operation = {
  id: 'op_0123456789abcdefghjk',
  networkId: 'net_0123456789abcdefghjk',
  kind: 'provision',
  title: 'Provision network shop',
  state: 'running',
  createdAt: '2026-11-20T19:00:00.000Z',
  startedAt: '2026-11-20T19:00:00.300Z',
  finishedAt: null,
};
export const OperationDocument = Operation.meta({
  id: 'Operation',
  example: {
    ...operation,
    steps: [
      {
        id: 'step_0123456789abcdefghjk',
        key: 'production/network',
        title: 'Network of production',
        clusterId: 'clu_0123456789abcdefghjk',
        dependsOn: [],
        state: 'running',
        attempt: 1,
        maxAttempts: 5,
        waitingFor: 'the subnet to become available',
        error: null,
        startedAt: '2026-11-20T19:00:00.300Z',
        finishedAt: null,
      },
    ],
  },
});
export const OperationSummaryDocument = OperationSummary.meta({
  id: 'OperationSummary',
  example: { ...operation, steps: { total: 12, succeeded: 4, failed: 0 } },
});
export const LogLineDocument = LogLine.meta({
  id: 'LogLine',
  example: {
    id: '204',
    stepId: 'step_0123456789abcdefghjk',
    attempt: 1,
    level: 'info',
    message: 'The network is there: vpc-0a1b2c',
    at: '2026-11-20T19:00:01.200Z',
  },
});

export const locationOfOperation = (operation: { id: string }) => `/operations/${operation.id}`;
