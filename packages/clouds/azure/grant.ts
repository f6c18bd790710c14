/** What to paste into Azure so that Skein may do what it does there, and nothing more. Pure. */
import type { GrantDocument } from '@skein/contract/rest/account.ts';
import type { Grantee, Permission } from '../provider.ts';

const SUBSCRIPTION = 'YOUR-SUBSCRIPTION';

/**
 * A custom role, and the commands that make it and an application that has it. The application proves itself by a
 * secret, or, the keyless way, by trusting Skein's tokens for this organization and no others.
 */
export function grant(permissions: readonly Permission[], grantee: Grantee): GrantDocument[] {
  const role = {
    Name: `Skein (${grantee.organizationId})`,
    IsCustom: true,
    Description: 'What Skein does in this subscription, and nothing more.',
    Actions: permissions.map((one) => one.action).sort(),
    NotActions: [],
    DataActions: [],
    NotDataActions: [],
    AssignableScopes: [`/subscriptions/${SUBSCRIPTION}`],
  };
  const documents: GrantDocument[] = [
    {
      title: 'Custom role: save it as skein-role.json, with your subscription in it',
      language: 'json',
      text: JSON.stringify(role, null, 2),
    },
  ];
  if (grantee.keyless !== null) {
    const credential = {
      name: 'skein',
      issuer: grantee.keyless.issuer,
      subject: `organization:${grantee.organizationId}`,
      description: 'Skein, for this organization',
      audiences: ['api://AzureADTokenExchange'],
    };
    documents.push({
      title: 'Federated credential: save it as skein-credential.json',
      language: 'json',
      text: JSON.stringify(credential, null, 2),
    });
  }
  const proof = grantee.keyless === null ? SECRET : FEDERATION;
  const text = [...APPLICATION, ...assignment(role.Name), ...proof, ...SHOWN].join('\n');
  return [...documents, { title: 'Commands', language: 'shell', text }];
}

const APPLICATION = [
  `subscription=${SUBSCRIPTION}`,
  'az account set --subscription $subscription',
  'az provider register --namespace Microsoft.Compute',
  'az provider register --namespace Microsoft.Network',
  'application=$(az ad app create --display-name skein --query appId --output tsv)',
  'az ad sp create --id $application',
];
const assignment = (name: string) => [
  'az role definition create --role-definition @skein-role.json',
  `az role assignment create --assignee $application --role '${name}' --scope /subscriptions/$subscription`,
];
const SECRET = [
  'az ad app credential reset --id $application --display-name skein --years 1 --query password --output tsv',
];
const FEDERATION = [
  'az ad app federated-credential create --id $application --parameters @skein-credential.json',
];
const SHOWN = ['az account show --query tenantId --output tsv', 'echo $subscription $application'];
