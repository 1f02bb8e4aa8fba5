export { SavedInsightScreen as default } from './explorer'
