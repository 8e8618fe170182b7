// Package app holds the configuration and the wiring that adsyncbot and adsyncdemo share. It decides nothing that a
// person asks for; it reads what the operator wrote and puts the parts together.
package app
