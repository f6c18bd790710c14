/** A pod on each node that does nothing: whoever reaches all of them from every node has a network that works. */
import { PAUSE_IMAGE } from './images.ts';
import { PROBE } from './needs.ts';
import { type KubernetesObject, MANAGED, NAMESPACE } from './object.ts';

/** Answers ping by its kernel alone. */
export function probeObject(): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: PROBE, namespace: NAMESPACE, labels: { ...MANAGED } },
    spec: {
      selector: { matchLabels: { app: PROBE } },
      template: {
        metadata: { labels: { app: PROBE } },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'pause',
              image: PAUSE_IMAGE,
              imagePullPolicy: 'IfNotPresent',
              resources: { requests: { cpu: '1m', memory: '4Mi' } },
            },
          ],
        },
      },
    },
  };
}
