import { checking } from '../check/merge-rooms.js';
import { runWorker } from './run-worker.js';

runWorker(process, checking);
