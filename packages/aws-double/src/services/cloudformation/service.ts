import type { Service } from '../../service.ts'
import { createChangeSet, deleteChangeSet, describeChangeSet, executeChangeSet } from './changesets.ts'
import type { Providers } from './deploy.ts'
import {
  describeStackEvents,
  describeStackResources,
  describeStacks,
  getTemplate,
  getTemplateSummary,
  listExports,
  listStackResources,
  listStacks,
} from './describe.ts'
import { createStack, deleteStack, describeEvents, updateStack, updateTerminationProtection } from './operations.ts'

export const cloudformation = (providers: Providers): Service => ({
  name: 'cloudformation',
  protocol: 'query',
  xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  client: () => import('@aws-sdk/client-cloudformation'),
  operations: {
    CreateChangeSet: createChangeSet,
    CreateStack: createStack(providers),
    DeleteChangeSet: deleteChangeSet,
    DeleteStack: deleteStack(providers),
    DescribeChangeSet: describeChangeSet,
    DescribeEvents: describeEvents,
    DescribeStackEvents: describeStackEvents,
    DescribeStackResources: describeStackResources,
    DescribeStacks: describeStacks,
    ExecuteChangeSet: executeChangeSet(providers),
    GetTemplate: getTemplate,
    GetTemplateSummary: getTemplateSummary,
    ListExports: listExports,
    ListStackResources: listStackResources,
    ListStacks: listStacks,
    UpdateStack: updateStack(providers),
    UpdateTerminationProtection: updateTerminationProtection,
  },
})
