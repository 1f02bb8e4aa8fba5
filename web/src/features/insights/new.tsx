export { NewInsight as default } from './explorer'
