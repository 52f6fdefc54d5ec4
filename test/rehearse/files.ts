import { fileURLToPath } from 'node:url';

/** Resolved, because this file may run from source or compiled. */
const GATEWAY = import.meta.resolve('@chorus/gateway');

export const GATEWAY_MAIN = fileURLToPath(new URL('main.js', GATEWAY));
export const SHIPPED_NGINX_CONF = fileURLToPath(new URL('../../../deploy/nginx.conf', GATEWAY));
export const SHIPPED_HAPROXY_CFG = fileURLToPath(new URL('../../../deploy/haproxy.cfg', GATEWAY));
