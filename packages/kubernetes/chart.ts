/** The Helm chart in `infra/helm/skein-agent`: the manifest's own objects, with values where a cluster differs. */
import { agentManifest, base64Of } from './agent-manifest.ts';

/** The only template functions used, so that whoever reads the chart needs to know no more. */
const VALUES = {
  coordinatorUrl: '{{ required "coordinatorUrl is needed" .Values.coordinatorUrl }}',
  joinToken: '{{ required "joinToken is needed" .Values.joinToken }}',
  image: '{{ required "image is needed" .Values.image }}',
} as const;

/** Text of each file, by its path in the chart. */
export function chartFiles(version: string): Record<string, string> {
  // Values are quoted by the template, so that none of them can be anything but a text.
  const marks = Object.entries(VALUES).flatMap(([name, template]) => {
    const mark = `skein-value-${name}`;
    const as = (form: string) => template.replace(' }}', ` | ${form} }}`);
    return [
      [base64Of(mark), as('b64enc | quote')],
      [mark, as('quote')],
    ] as const;
  });
  const install = { coordinatorUrl: '', joinToken: '', image: '' };
  for (const name of Object.keys(VALUES) as (keyof typeof VALUES)[]) install[name] = `skein-value-${name}`;
  const template = marks.reduce(
    (text, [mark, value]) => text.replaceAll(`"${mark}"`, mark).replaceAll(mark, () => value),
    agentManifest(install),
  );
  return {
    'Chart.yaml': `apiVersion: v2
name: skein-agent
description: Joins every node of a Kubernetes cluster to a Skein network
type: application
version: ${version}
appVersion: "${version}"
`,
    'values.yaml': `# The coordinator as nodes reach it, and a join token of the cluster: the dashboard shows both.
coordinatorUrl: ""
joinToken: ""
# The agent's image; the manifest of the coordinator names the same.
image: ""
`,
    'templates/agent.yaml': template,
  };
}
