package inbox

import (
	"net/netip"
	"strings"
)

// agent is what a user agent tells.
type agent struct{ device, os, browser string }

// botClass is why a user agent is taken for a program.
type botClass struct{ class, evidence string }

// readAgent reads device class, system and browser from a user agent. Order
// matters: most browsers also name the ones they descend from.
func readAgent(ua string) agent {
	a := agent{device: "desktop"}
	for _, s := range [...][2]string{
		{"Windows", "Windows"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"iPod", "iOS"}, {"Android", "Android"},
		{"HarmonyOS", "HarmonyOS"}, {"CrOS", "Chrome OS"}, {"Macintosh", "macOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}, {"FreeBSD", "FreeBSD"},
	} {
		if strings.Contains(ua, s[0]) {
			a.os = s[1]
			break
		}
	}
	for _, s := range [...][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Opera", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"YaBrowser/", "Yandex"}, {"Vivaldi/", "Vivaldi"},
		{"UCBrowser/", "UC Browser"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"},
		{"MSIE ", "Internet Explorer"}, {"Trident/", "Internet Explorer"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(ua, s[0]) {
			a.browser = s[1]
			break
		}
	}
	switch {
	case strings.Contains(ua, "iPad"), strings.Contains(ua, "Tablet"), strings.Contains(ua, "Android") && !strings.Contains(ua, "Mobile"):
		a.device = "tablet"
	case strings.Contains(ua, "Mobi"), strings.Contains(ua, "iPhone"):
		a.device = "mobile"
	case strings.Contains(ua, "SmartTV"), strings.Contains(ua, "SMART-TV"), strings.Contains(ua, "AppleTV"):
		a.device = "tv"
	case a.os == "":
		a.device = ""
	}
	return a
}

// classify tells whether a user agent belongs to a program rather than a
// person, and which word gave it away.
func classify(ua string) botClass {
	low := strings.ToLower(ua)
	for _, s := range [...][2]string{
		{"headlesschrome", "headless"}, {"phantomjs", "headless"}, {"puppeteer", "headless"}, {"playwright", "headless"}, {"selenium", "headless"},
		{"lighthouse", "monitor"}, {"pagespeed", "monitor"}, {"pingdom", "monitor"}, {"uptimerobot", "monitor"}, {"statuscake", "monitor"}, {"site24x7", "monitor"},
		{"googlebot", "crawler"}, {"bingpreview", "crawler"}, {"slurp", "crawler"}, {"crawler", "crawler"}, {"spider", "crawler"}, {"mediapartners-google", "crawler"},
		{"facebookexternalhit", "preview"}, {"whatsapp/", "preview"}, {"telegrambot", "preview"}, {"slackbot", "preview"}, {"discordbot", "preview"}, {"embedly", "preview"},
		{"gptbot", "ai"}, {"claudebot", "ai"}, {"ccbot", "ai"}, {"perplexity", "ai"}, {"bytespider", "ai"},
		{"python-requests", "script"}, {"python-urllib", "script"}, {"aiohttp", "script"}, {"curl/", "script"}, {"wget/", "script"}, {"go-http-client", "script"},
		{"java/", "script"}, {"okhttp", "script"}, {"axios/", "script"}, {"node-fetch", "script"}, {"libwww-perl", "script"}, {"scrapy", "script"}, {"httpclient", "script"},
		{"bot/", "crawler"}, {"bot;", "crawler"}, {"bot)", "crawler"}, {"+http", "crawler"},
	} {
		if strings.Contains(low, s[0]) {
			return botClass{class: s[1], evidence: "user agent has " + s[0]}
		}
	}
	if strings.HasSuffix(low, "bot") {
		return botClass{class: "crawler", evidence: "user agent ends in bot"}
	}
	return botClass{}
}

// ApplyIPPolicy gives what policy p keeps of the address ip. Text that is not
// an address is kept only under IPKeep.
func ApplyIPPolicy(ip string, p IPPolicy) string {
	switch p {
	case IPRemove:
		return ""
	case IPTruncate:
		a, err := netip.ParseAddr(strings.TrimSpace(ip))
		if err != nil {
			return ""
		}
		a = a.Unmap().WithZone("")
		n := 24
		if a.Is6() {
			n = 48
		}
		prefix, err := a.Prefix(n)
		if err != nil {
			return ""
		}
		return prefix.Addr().String()
	}
	return ip
}
