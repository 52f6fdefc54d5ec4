import { join } from 'node:path';
import { root } from '../support/root.js';

export const GATEWAY_MAIN = join(root, 'dist/gateway.js');
export const SHIPPED_NGINX_CONF = join(root, 'deploy/nginx.conf');
export const SHIPPED_HAPROXY_CFG = join(root, 'deploy/haproxy.cfg');
