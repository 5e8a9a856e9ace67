package lualib

// analyse finds out, from the last item to the first, what can follow each
// item, and so where a match can be looked for and where going back is vain.
//
// first is the set of bytes one of which must come next, unless the subject
// ends here; always says that what follows matches whatever comes.
func (p *program) analyse(backs bool) {
	first, always := everyByte(), true
	for i := len(p.ops) - 1; i >= 0; i-- {
		o := &p.ops[i]
		switch o.code {
		case opFail, opBack:
			first, always = everyByte(), false
		case opTail:
			first, always = byteSet{}, false
		case opByte:
			first, always = setOf(o.c), false
			p.shortest++
		case opText:
			first, always = setOf(o.text[0]), false
			p.shortest += len(o.text)
		case opSet:
			first, always = *o.set, false
			p.shortest++
		case opBalance:
			first, always = setOf(o.c), false
			p.shortest += 2
		case opFrontier:
			first.intersect(*o.set)
			always = false
		case opStar, opMinus, opMaybe:
			o.follow(first, always)
			p.shortest += int(o.least)
			if o.least > 0 {
				first, always = *o.set, false
			} else {
				first.union(*o.set)
			}
		}
	}
	if !first.full() {
		p.first = &first
	}
	p.findText()
	p.findLead(backs)
}

// follow notes what comes after a repetition.
func (o *op) follow(first byteSet, always bool) {
	o.after = -1
	o.sure = always || o.code != opMinus && o.set.disjoint(&first)
	if o.sure || first.full() {
		return
	}
	o.next = &first
	if o.code == opMinus {
		o.after = int16(first.only())
	}
}

// findText finds text that every match must hold: what a match starts with,
// and the longest of the rest.
func (p *program) findText() {
	start := true
	for i := range p.ops {
		text := p.ops[i].text
		switch p.ops[i].code {
		case opOpen, opHere, opClose:
			continue
		case opFail, opEnd:
			return
		case opByte:
			text = string([]byte{p.ops[i].c})
		case opText:
		default:
			text = ""
		}
		if start {
			p.prefix = text
		} else if len(text) > len(p.need) {
			p.need = text
		}
		start = false
	}
}

// findLead looks at the first item that takes anything: some need not be tried
// from every place, which keeps common patterns from costing the square of the
// subject. What follows must not depend on where the match began.
func (p *program) findLead(backs bool) {
	if backs {
		return
	}
	for i := range p.ops {
		o := &p.ops[i]
		switch o.code {
		case opOpen, opHere, opClose:
			continue
		case opStar, opMinus:
			p.once = o.all && o.least == 0
			if o.code == opStar && o.sure {
				p.lead = i
			}
		}
		return
	}
}
