/** What to paste into Google Cloud so that Skein may do what it does there, and nothing more. Pure. */
import type { GrantDocument } from '@skein/contract/rest/account.ts';
import type { Grantee, Permission } from '../provider.ts';

/**
 * A custom role, and the commands that make it, a service account that has it, and for the keyless way a workload
 * identity pool by which Skein's tokens for this organization, and no others, become that service account.
 */
export function grant(permissions: readonly Permission[], grantee: Grantee): GrantDocument[] {
  const role = {
    title: 'Skein',
    description: 'What Skein does in this project, and nothing more.',
    stage: 'GA',
    includedPermissions: permissions.map((one) => one.action).sort(),
  };
  const lines = grantee.keyless === null ? KEY : federation(grantee.organizationId, grantee.keyless.issuer);
  return [
    {
      title: 'Custom role: save it as skein-role.json',
      language: 'json',
      text: JSON.stringify(role, null, 2),
    },
    { title: 'Commands', language: 'shell', text: [...ROLE, ...lines].join('\n') },
  ];
}

const ACCOUNT = 'skein@$project.iam.gserviceaccount.com';
const ROLE = [
  'project=YOUR-PROJECT',
  'gcloud services enable compute.googleapis.com dns.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com --project=$project',
  'gcloud iam roles create skein --project=$project --file=skein-role.json',
  'gcloud iam service-accounts create skein --project=$project',
  `gcloud projects add-iam-policy-binding $project --condition=None --role=projects/$project/roles/skein --member=serviceAccount:${ACCOUNT}`,
];
const KEY = [`gcloud iam service-accounts keys create skein-key.json --iam-account=${ACCOUNT}`];

function federation(organizationId: string, issuer: string): string[] {
  const subject = `organization:${organizationId}`;
  const pool = 'projects/$number/locations/global/workloadIdentityPools/skein';
  return [
    "number=$(gcloud projects describe $project --format='value(projectNumber)')",
    'gcloud services enable iamcredentials.googleapis.com sts.googleapis.com --project=$project',
    'gcloud iam workload-identity-pools create skein --project=$project --location=global',
    `gcloud iam workload-identity-pools providers create-oidc skein --project=$project --location=global --workload-identity-pool=skein --issuer-uri='${issuer}' --attribute-mapping=google.subject=assertion.sub --attribute-condition="assertion.sub == '${subject}'"`,
    `gcloud iam service-accounts add-iam-policy-binding ${ACCOUNT} --project=$project --role=roles/iam.workloadIdentityUser --member=principal://iam.googleapis.com/${pool}/subject/${subject}`,
    `echo ${pool}/providers/skein`,
  ];
}
