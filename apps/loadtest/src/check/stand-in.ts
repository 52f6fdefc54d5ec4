export { checking as standIn } from './merge-rooms.js';
