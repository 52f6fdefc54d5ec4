export { type GatewayConfig, gatewaySettings, loadGatewayConfig } from './config.js';
export type { Connection } from './connections/connection.js';
export { createGateway, type Gateway, type GatewayParts } from './create-gateway.js';
export { createRedisParts } from './lifecycle/redis-parts.js';
