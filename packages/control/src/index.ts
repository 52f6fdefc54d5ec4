export type { AccessList, Ban, Subject, Verdict } from './access-list.js';
export type { NodeRegistry, NodeReport } from './node-registry.js';
