-- What is left of the condition when its sub-selects are taken out, up to two parentheses deep.
SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  'it calls a function for each row, not once in a sub-select: ' || coalesce(p."using", p."check") AS detail,
  format('ALTER POLICY %s ON %s USING (%I = (SELECT …));', p.ident, p."table", p.key) AS repair
FROM policies p,
  LATERAL (SELECT regexp_replace(concat_ws(' ', p."using", p."check"),
    '\( SELECT (?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)', '', 'g')) AS bare (text)
WHERE p.holds_app AND bare.text ~ 'current_setting\(|[[:alnum:]_"]+\(\)'
