export { constants, hashToCurve, loadConstants, points, uniform } from './hash-to-curve'
