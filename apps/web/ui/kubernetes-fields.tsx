'use client';
/** Whether a cluster's nodes are one of Kubernetes, and which. */
import { Cni, FlannelBackend, K3S_VERSION, type NewKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { SelectField, TextField } from './field.tsx';

export interface KubernetesValue {
  version: string;
  cni: Exclude<Cni, 'existing'>;
  flannelBackend: FlannelBackend;
  podCidr: string;
  serviceCidr: string;
}
export const NEW_KUBERNETES: KubernetesValue = {
  version: K3S_VERSION,
  cni: 'flannel',
  flannelBackend: 'vxlan',
  podCidr: '',
  serviceCidr: '',
};

export const CNI: Record<Cni, { name: string; about: string }> = {
  flannel: {
    name: 'flannel',
    about: 'Installed, checked and upgraded by Skein; k3s enforces network policies',
  },
  'k3s-flannel': { name: 'flannel of k3s', about: 'Built into k3s, by VXLAN' },
  calico: { name: 'Calico', about: 'Installed by k3s at its first boot; enforces network policies itself' },
  cilium: { name: 'Cilium', about: 'Installed by k3s at its first boot; enforces network policies itself' },
  existing: { name: 'its own', about: 'Left alone' },
};
const BACKENDS: Record<FlannelBackend, string> = {
  vxlan: 'VXLAN',
  wireguard: 'WireGuard: sealed between nodes',
  'host-gw': 'Routes alone: no cloud passes them',
};

/** What is asked of the API: what was left empty is left out. */
export function kubernetesWish(value: KubernetesValue, made: boolean): NewKubernetes {
  const { version, cni, flannelBackend, podCidr, serviceCidr } = value;
  const ranges = { ...(podCidr && { podCidr }), ...(serviceCidr && { serviceCidr }) };
  return made
    ? { distribution: 'k3s', version, cni, flannelBackend, ...ranges }
    : { distribution: 'existing', ...ranges };
}

export function KubernetesFields({
  value,
  made,
  problemOf,
  onChange,
}: {
  value: KubernetesValue | null;
  /** Skein makes the nodes. */
  made: boolean;
  problemOf: (field: string) => string | undefined;
  onChange: (value: KubernetesValue | null) => void;
}) {
  const problem = (field: string) => problemOf(`kubernetes.${field}`);
  const set = (change: Partial<KubernetesValue>) => value && onChange({ ...value, ...change });
  return (
    <div className="grid gap-4 sm:grid-cols-2 xl:grid-cols-4">
      <SelectField
        label="Nodes are"
        value={value === null ? 'plain' : 'kubernetes'}
        problem={problem('distribution')}
        onChange={(event) => onChange(event.target.value === 'plain' ? null : NEW_KUBERNETES)}
      >
        <option value="plain">Plain hosts</option>
        <option value="kubernetes">{made ? 'A cluster of k3s' : 'A Kubernetes cluster of yours'}</option>
      </SelectField>
      {value && made && (
        <>
          <TextField
            label="k3s release"
            value={value.version}
            placeholder={K3S_VERSION}
            problem={problem('version')}
            onChange={(event) => set({ version: event.target.value })}
          />
          <SelectField
            label="Network of pods"
            help={CNI[value.cni].about}
            value={value.cni}
            problem={problem('cni')}
            onChange={(event) => set({ cni: Cni.exclude(['existing']).parse(event.target.value) })}
          >
            {Cni.exclude(['existing']).options.map((cni) => (
              <option key={cni} value={cni}>
                {CNI[cni].name}
              </option>
            ))}
          </SelectField>
          {value.cni === 'flannel' && (
            <SelectField
              label="Between nodes"
              value={value.flannelBackend}
              problem={problem('flannelBackend')}
              onChange={(event) => set({ flannelBackend: FlannelBackend.parse(event.target.value) })}
            >
              {FlannelBackend.options.map((backend) => (
                <option key={backend} value={backend}>
                  {BACKENDS[backend]}
                </option>
              ))}
            </SelectField>
          )}
        </>
      )}
      {value && (
        <>
          <TextField
            label="Range of pods"
            value={value.podCidr}
            placeholder={made ? 'given out' : 'not known'}
            help={made ? undefined : 'Where no other cluster has the same, pods are reached as they are'}
            problem={problem('podCidr')}
            onChange={(event) => set({ podCidr: event.target.value })}
          />
          <TextField
            label="Range of services"
            value={value.serviceCidr}
            placeholder={made ? 'given out' : 'not known'}
            problem={problem('serviceCidr')}
            onChange={(event) => set({ serviceCidr: event.target.value })}
          />
        </>
      )}
    </div>
  );
}
