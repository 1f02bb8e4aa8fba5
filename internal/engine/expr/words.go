package expr

// words are the phrases of one language. Each %s stands for a part.
type words struct {
	and, or, not     string
	trait, prop      string // "trait %s"
	ops              map[Op]string
	did, didNot      string // events
	atLeast, atMost  string
	more, less       string
	exactly, between string
	times, once      string
	measures         map[Measure]string
	last, range_     string
	anyEvent         string
	kinds            map[string]string
	where            string
	lapse, lapseGap  string
	was              string
	units            map[byte][2]string
	always           string

	moment, itself, ignoreCase, held  string
	notBetween, then, thenNot, within string
	keyed, sample, birthday           string
	lastHer                           string // before hours and weeks, where they are feminine
	of                                string // between numbers from 20 and what they count
	periods                           map[string]string
	days                              [7]string

	inStage, enteredStage, fromStage, ofModel string
	entry                                     string // since when it is there
	segment, consent, topic                   string
	states                                    map[string]string
	message, ofMessage, ofJourney             string
	outcomes, channels                        map[string]string
	scores                                    [3]string // recency, frequency, money
	count, measureOf, ending                  string
}

func languages() map[string]*words {
	return map[string]*words{"en": english(), "it": italian(), "ro": romanian()}
}

func english() *words {
	return &words{
		and: " and ", or: " or ", not: "not (%s)", trait: "trait “%s”", prop: "“%s”",
		ops: map[Op]string{Is: "%s is %s", IsNot: "%s is not %s", Set: "%s is set", NotSet: "%s is not set", In: "%s is one of %s", NotIn: "%s is none of %s",
			Contains: "%s contains %s", NotContains: "%s does not contain %s", Starts: "%s starts with %s", NotStarts: "%s does not start with %s",
			Ends: "%s ends with %s", NotEnds: "%s does not end with %s", Matches: "%s matches %s", NotMatches: "%s does not match %s",
			GT: "%s is more than %s", GTE: "%s is at least %s", LT: "%s is less than %s", LTE: "%s is at most %s", Between: "%s is between %s",
			IsTrue: "%s is true", IsFalse: "%s is false", Before: "%s is before %s", After: "%s is at or after %s",
			InLast: "%s lies in the last %s", MoreThanAgo: "%s lies more than %s ago",
			Empty: "%s is empty", NotEmpty: "%s is not empty", NotBetween: "%s is not between %s", AllOf: "%s has all of %s",
			LengthIs: "%s: number of elements exactly %s", LengthGT: "%s: number of elements more than %s", LengthGTE: "%s: number of elements at least %s",
			LengthLT: "%s: number of elements less than %s", LengthLTE: "%s: number of elements at most %s", Element: "%s has an element where %s",
			On: "%s is on %s", NotInLast: "%s does not lie in the last %s", InNext: "%s lies in the next %s",
			Anniversary: "the anniversary of %s is today or within %s", Weekday: "%s falls on %s", Hour: "%s lies in the hours %s"},
		did: "did %s%s", didNot: "never did %s%s", atLeast: "at least %s", atMost: "at most %s", more: "more than %s", less: "less than %s", exactly: "exactly %s", between: "between %s",
		times: "times", once: "once",
		measures: map[Measure]string{Sum: "the sum of “%s”", Mean: "the mean of “%s”", Min: "the smallest “%s”", Max: "the largest “%s”",
			DistinctDays: "the number of days", Distinct: "the number of different “%s”",
			First: "the first “%s”", Last: "the last “%s”", FirstTime: "the first time", LastTime: "the last time"},
		last: " in the last %s", range_: " between %s and %s", anyEvent: "anything", where: " where %s",
		kinds: map[string]string{"page": "a page view", "screen": "a screen view", "identify": "an identification", "group": "a group call", "alias": "an alias"},
		lapse: "%s since the last %s", lapseGap: "%s × the own usual gap (%s while that is unknown) since the last %s", was: "has been in stage “%s”",
		units:  map[byte][2]string{'s': {"second", "seconds"}, 'm': {"minute", "minutes"}, 'h': {"hour", "hours"}, 'd': {"day", "days"}, 'w': {"week", "weeks"}},
		always: "always",
		moment: "its time", itself: "it", ignoreCase: " (ignoring case)", held: ", for at least %s without a break",
		birthday: "the anniversary of %s is today", notBetween: "not between %s", then: ", then %s", thenNot: ", then not %s", within: " within %s",
		keyed: "for one and the same “%s”: %s", sample: "is in the random share from %s %% to %s %% of “%s”",
		periods: map[string]string{"today": "today", "yesterday": "yesterday", "this_week": "this week", "last_week": "last week", "this_month": "this month", "last_month": "last month", "this_quarter": "this quarter", "last_quarter": "last quarter", "this_year": "this year", "last_year": "last year"},
		days:    [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
		inStage: "is in stage %s", enteredStage: "went into stage %s", fromStage: ", coming from “%s”", ofModel: " of “%s”", entry: "the entry",
		segment: "is in segment “%s”", consent: "consent for %s is %s", topic: "%s, topic “%s”",
		states:  map[string]string{"subscribed": "subscribed", "unknown": "unknown", "pending": "pending", "unsubscribed": "unsubscribed"},
		message: "%s %s", ofMessage: " “%s”", ofJourney: " of journey “%s”",
		outcomes: map[string]string{"sent": "was sent", "delivered": "received", "opened": "opened", "clicked": "clicked in", "bounced": "could not receive", "complained": "complained about", "unsubscribed": "unsubscribed from", "replied": "replied to"},
		channels: map[string]string{"email": "an e-mail", "push": "a push message", "sms": "an SMS"},
		scores:   [3]string{"recency score is %s", "frequency score is %s", "money score is %s"},
		count:    "the number", measureOf: "%s of %s", ending: " ending %s ago",
	}
}

func italian() *words {
	return &words{
		and: " e ", or: " oppure ", not: "non (%s)", trait: "il tratto «%s»", prop: "«%s»",
		ops: map[Op]string{Is: "%s è %s", IsNot: "%s non è %s", Set: "%s è presente", NotSet: "%s manca", In: "%s è uno tra %s", NotIn: "%s non è nessuno tra %s",
			Contains: "%s contiene %s", NotContains: "%s non contiene %s", Starts: "%s inizia con %s", NotStarts: "%s non inizia con %s",
			Ends: "%s finisce con %s", NotEnds: "%s non finisce con %s", Matches: "%s corrisponde a %s", NotMatches: "%s non corrisponde a %s",
			GT: "%s è più di %s", GTE: "%s è almeno %s", LT: "%s è meno di %s", LTE: "%s è al massimo %s", Between: "%s è tra %s",
			IsTrue: "%s è vero", IsFalse: "%s è falso", Before: "%s è prima di %s", After: "%s è dal %s in poi",
			InLast: "%s cade nell’ultimo periodo di %s", MoreThanAgo: "%s risale a più di %s fa",
			Empty: "%s è vuoto", NotEmpty: "%s non è vuoto", NotBetween: "%s non è tra %s", AllOf: "%s ha tutti questi: %s",
			LengthIs: "%s: numero di elementi esattamente %s", LengthGT: "%s: numero di elementi più di %s", LengthGTE: "%s: numero di elementi almeno %s",
			LengthLT: "%s: numero di elementi meno di %s", LengthLTE: "%s: numero di elementi al massimo %s", Element: "%s ha un elemento dove %s",
			On: "%s è il %s", NotInLast: "%s non cade nell’ultimo periodo di %s", InNext: "%s cade nel prossimo periodo di %s",
			Anniversary: "per %s l’anniversario è oggi o entro %s", Weekday: "%s cade di %s", Hour: "%s è nelle ore %s"},
		did: "ha fatto %s%s", didNot: "non ha mai fatto %s%s", atLeast: "almeno %s", atMost: "al massimo %s", more: "più di %s", less: "meno di %s", exactly: "esattamente %s", between: "tra %s",
		times: "volte", once: "una volta",
		measures: map[Measure]string{Sum: "la somma di «%s»", Mean: "la media di «%s»", Min: "il minimo di «%s»", Max: "il massimo di «%s»",
			DistinctDays: "il numero di giorni", Distinct: "il numero di «%s» diversi",
			First: "il primo «%s»", Last: "l’ultimo «%s»", FirstTime: "la prima volta", LastTime: "l’ultima volta"},
		last: " negli ultimi %s", range_: " tra il %s e il %s", anyEvent: "qualsiasi cosa", where: " dove %s",
		kinds: map[string]string{"page": "una visita di pagina", "screen": "una schermata", "identify": "un’identificazione", "group": "una chiamata di gruppo", "alias": "un alias"},
		lapse: "%s dall’ultimo %s", lapseGap: "%s × il proprio intervallo abituale (%s finché è ignoto) dall’ultimo %s", was: "è già stato nella fase «%s»",
		units:  map[byte][2]string{'s': {"secondo", "secondi"}, 'm': {"minuto", "minuti"}, 'h': {"ora", "ore"}, 'd': {"giorno", "giorni"}, 'w': {"settimana", "settimane"}},
		always: "sempre",
		moment: "il suo momento", itself: "esso", ignoreCase: " (senza distinguere le maiuscole)", held: ", da almeno %s senza interruzione",
		birthday: "per %s l’anniversario è oggi", lastHer: " nelle ultime %s", notBetween: "non tra %s", then: ", poi %s", thenNot: ", poi non %s", within: " entro %s",
		keyed: "per uno stesso «%s»: %s", sample: "è nella quota casuale dal %s %% al %s %% di «%s»",
		periods: map[string]string{"today": "oggi", "yesterday": "ieri", "this_week": "questa settimana", "last_week": "la settimana scorsa", "this_month": "questo mese", "last_month": "il mese scorso", "this_quarter": "questo trimestre", "last_quarter": "il trimestre scorso", "this_year": "quest’anno", "last_year": "l’anno scorso"},
		days:    [7]string{"lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"},
		inStage: "è nella fase %s", enteredStage: "è entrato nella fase %s", fromStage: ", provenendo da «%s»", ofModel: " di «%s»", entry: "l’ingresso",
		segment: "è nel segmento «%s»", consent: "il consenso per %s è %s", topic: "%s, argomento «%s»",
		states:  map[string]string{"subscribed": "iscritto", "unknown": "sconosciuto", "pending": "in attesa", "unsubscribed": "disiscritto"},
		message: "%s %s", ofMessage: " «%s»", ofJourney: " del percorso «%s»",
		outcomes: map[string]string{"sent": "è stato destinatario di", "delivered": "ha ricevuto", "opened": "ha aperto", "clicked": "ha cliccato in", "bounced": "non ha potuto ricevere", "complained": "ha segnalato come spam", "unsubscribed": "si è disiscritto da", "replied": "ha risposto a"},
		channels: map[string]string{"email": "un’e-mail", "push": "una notifica push", "sms": "un SMS"},
		scores:   [3]string{"il punteggio di recenza è %s", "il punteggio di frequenza è %s", "il punteggio di spesa è %s"},
		count:    "il numero", measureOf: "%s di %s", ending: " fino a %s fa",
	}
}

func romanian() *words {
	return &words{
		and: " și ", or: " sau ", not: "nu (%s)", trait: "trăsătura „%s”", prop: "„%s”",
		ops: map[Op]string{Is: "%s este %s", IsNot: "%s nu este %s", Set: "%s este completată", NotSet: "%s lipsește", In: "%s este una dintre %s", NotIn: "%s nu este niciuna dintre %s",
			Contains: "%s conține %s", NotContains: "%s nu conține %s", Starts: "%s începe cu %s", NotStarts: "%s nu începe cu %s",
			Ends: "%s se termină cu %s", NotEnds: "%s nu se termină cu %s", Matches: "%s se potrivește cu %s", NotMatches: "%s nu se potrivește cu %s",
			GT: "%s este peste %s", GTE: "%s este cel puțin %s", LT: "%s este sub %s", LTE: "%s este cel mult %s", Between: "%s este între %s",
			IsTrue: "%s este adevărat", IsFalse: "%s este fals", Before: "%s este înainte de %s", After: "%s este începând cu %s",
			InLast: "%s este în ultimele %s", MoreThanAgo: "%s este cu mai mult de %s în urmă",
			Empty: "%s este gol", NotEmpty: "%s nu este gol", NotBetween: "%s nu este între %s", AllOf: "%s are toate valorile %s",
			LengthIs: "%s: numărul de elemente exact %s", LengthGT: "%s: numărul de elemente peste %s", LengthGTE: "%s: numărul de elemente cel puțin %s",
			LengthLT: "%s: numărul de elemente sub %s", LengthLTE: "%s: numărul de elemente cel mult %s", Element: "%s are un element unde %s",
			On: "%s este pe %s", NotInLast: "%s nu este în ultimele %s", InNext: "%s este în următoarele %s",
			Anniversary: "pentru %s aniversarea este azi sau în cel mult %s", Weekday: "%s cade %s", Hour: "%s este între orele %s"},
		did: "a făcut %s%s", didNot: "nu a făcut niciodată %s%s", atLeast: "cel puțin %s", atMost: "cel mult %s", more: "mai mult de %s", less: "mai puțin de %s", exactly: "exact %s", between: "între %s",
		times: "ori", once: "o dată",
		measures: map[Measure]string{Sum: "suma „%s”", Mean: "media „%s”", Min: "minimul „%s”", Max: "maximul „%s”",
			DistinctDays: "numărul de zile", Distinct: "numărul de „%s” diferite",
			First: "primul „%s”", Last: "ultimul „%s”", FirstTime: "prima dată", LastTime: "ultima dată"},
		last: " în ultimele %s", range_: " între %s și %s", anyEvent: "orice", where: " unde %s",
		kinds: map[string]string{"page": "o vizită de pagină", "screen": "o vizualizare de ecran", "identify": "o identificare", "group": "un apel de grup", "alias": "un alias"},
		lapse: "%s de la ultimul %s", lapseGap: "%s × propriul interval obișnuit (%s cât timp nu este cunoscut) de la ultimul %s", was: "a mai fost în etapa „%s”",
		units:  map[byte][2]string{'s': {"secundă", "secunde"}, 'm': {"minut", "minute"}, 'h': {"oră", "ore"}, 'd': {"zi", "zile"}, 'w': {"săptămână", "săptămâni"}},
		always: "întotdeauna",
		moment: "momentul său", itself: "el însuși", ignoreCase: " (indiferent de majuscule)", held: ", de cel puțin %s fără întrerupere",
		birthday: "pentru %s aniversarea este azi", of: "de ", notBetween: "nu între %s", then: ", apoi %s", thenNot: ", apoi nu %s", within: " în cel mult %s",
		keyed: "pentru același „%s”: %s", sample: "este în cota aleatorie de la %s %% la %s %% din „%s”",
		periods: map[string]string{"today": "azi", "yesterday": "ieri", "this_week": "săptămâna aceasta", "last_week": "săptămâna trecută", "this_month": "luna aceasta", "last_month": "luna trecută", "this_quarter": "trimestrul acesta", "last_quarter": "trimestrul trecut", "this_year": "anul acesta", "last_year": "anul trecut"},
		days:    [7]string{"luni", "marți", "miercuri", "joi", "vineri", "sâmbătă", "duminică"},
		inStage: "este în etapa %s", enteredStage: "a intrat în etapa %s", fromStage: ", venind din „%s”", ofModel: " din „%s”", entry: "intrarea",
		segment: "este în segmentul „%s”", consent: "acordul pentru %s este %s", topic: "%s, tema „%s”",
		states:  map[string]string{"subscribed": "abonat", "unknown": "necunoscut", "pending": "în așteptare", "unsubscribed": "dezabonat"},
		message: "%s %s", ofMessage: " „%s”", ofJourney: " din parcursul „%s”",
		outcomes: map[string]string{"sent": "i s-a trimis", "delivered": "a primit", "opened": "a deschis", "clicked": "a dat clic în", "bounced": "nu a putut primi", "complained": "a reclamat", "unsubscribed": "s-a dezabonat de la", "replied": "a răspuns la"},
		channels: map[string]string{"email": "un e-mail", "push": "o notificare push", "sms": "un SMS"},
		scores:   [3]string{"scorul de recență este %s", "scorul de frecvență este %s", "scorul de cheltuieli este %s"},
		count:    "numărul", measureOf: "%s pentru %s", ending: " încheiate acum %s",
	}
}
